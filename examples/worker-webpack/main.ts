import { allowInsecureLoopback, createTokenManager, refreshWorker } from 'tokenward/browser'

const { issuer = '', clientId = '' } = document.documentElement.dataset

const tokens = createTokenManager({
  issuer,
  clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid',
  [allowInsecureLoopback]: true, // for an authorization server on this machine
  // webpack recognises a worker only in this form. It builds the worker, and puts its URL here.
  refreshWorker: refreshWorker(
    () => new SharedWorker(new URL('tokenward/browser/worker', import.meta.url), { type: 'module' }),
  ),
})

const status = document.querySelector('#status')
tokens.subscribe((state) => {
  if (status) status.textContent = state.status
})
tokens.on('degraded', ({ step }) => console.warn(`Without a worker: ${step}`))
document.querySelector('#sign-in')?.addEventListener('click', () => tokens.signIn())
document.querySelector('#refresh')?.addEventListener('click', async () => {
  await tokens.refresh() // close this tab now: the session lives on in the others
  if (status) status.textContent = 'refreshed'
})

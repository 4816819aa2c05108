import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'

// A single-page app over two services: it shows what it is told.
const { issuer, clientId, services } = JSON.parse(document.getElementById('places')?.textContent ?? '{}')
const show = (id: string, text: string) => {
  const place = document.getElementById(id)
  if (place) place.textContent = text
}
const tokens = createTokenManager({
  issuer,
  clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid notes',
  resources: services.map((service: string) => `${service}/`),
  [allowInsecureLoopback]: true,
})
tokens.on('token_rejected', ({ reason = 'no reason' }) => show('refusal', `The API refused the session: ${reason}`))
tokens.subscribe((state) => show('state', state.status === 'signedOut' ? `signedOut ${state.reason}` : state.status))

Object.assign(window, {
  signIn: () => void tokens.signIn(),
  token: async () => (await tokens.getAccessToken()).value,
  call: () =>
    Promise.all(
      services.map((service: string) =>
        tokens.fetch(`${service}/notes`).then(
          ({ status }) => status,
          ({ code }) => code,
        ),
      ),
    ),
})
await tokens.ready()
show('ready', 'ready')

import { allowInsecureLoopback, createTokenManager, refreshWorker } from 'tokenward/browser'

export const tokens = createTokenManager({
  issuer: process.env.NEXT_PUBLIC_ISSUER ?? 'https://as.example.com',
  clientId: 'spa',
  redirectUri: '/callback',
  scope: 'openid',
  [allowInsecureLoopback]: true, // for an authorization server on this machine
  // Turbopack recognises a worker only in this form. It builds the worker, and puts its URL here.
  refreshWorker: refreshWorker(
    () => new SharedWorker(new URL('tokenward/browser/worker', import.meta.url), { type: 'module' }),
  ),
})

tokens.on('degraded', ({ step }) => console.warn(`Without a worker: ${step}`))

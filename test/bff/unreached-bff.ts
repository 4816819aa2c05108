import { createBff } from 'tokenward/bff'
import { createSessionPool } from 'tokenward/node'

/** A backend whose authorization server and API nobody reaches: for what it answers by itself. */
export const unreachedBff = (base = '/auth') =>
  createBff({
    sessions: createSessionPool({
      issuer: 'https://as.example',
      clientId: 'web',
      redirectUri: `https://app.example${base}/callback`,
      resources: ['https://api.example'],
    }),
    api: { '/api': 'https://api.example', '/shop/api': { url: 'https://api.example/shop', webSockets: true } },
  })

import { createBff, nextBff } from 'tokenward/bff'
import { allowInsecureLoopback, clientSecretBasic, createSessionPool } from 'tokenward/node'

const { ORIGIN, ISSUER, API, CLIENT_SECRET } = process.env
const origin = ORIGIN ?? 'https://app.example.com'
const api = API ?? 'https://api.example.com'

function start() {
  const sessions = createSessionPool({
    issuer: ISSUER ?? 'https://as.example.com',
    clientId: 'web',
    clientAuthentication: clientSecretBasic(CLIENT_SECRET ?? 'of this build alone'),
    redirectUri: `${origin}/auth/callback`,
    scope: 'openid offline_access notes',
    resources: [`${api}/`],
    // Without `store` the sessions are in this process. For several hosts, or to keep them over a restart: redisStore().
    [allowInsecureLoopback]: true, // for servers on this machine
  })
  return createBff({ sessions, api: { '/api/notes': `${api}/notes` } })
}

// Next.js may run a module once for each route, and again after a change: all of them need the same sessions.
const once = globalThis as typeof globalThis & { bff?: ReturnType<typeof createBff> }
once.bff ??= start()

export const handlers = nextBff(once.bff)

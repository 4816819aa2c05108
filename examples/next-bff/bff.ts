import { type Bff, createBff } from 'tokenward/bff'
import { allowInsecureLoopback, clientSecretBasic, createSessionPool } from 'tokenward/node'

// Next.js may run a module once for each route, and again after a change: all of them need the same sessions.
const shared = globalThis as typeof globalThis & { bff?: Bff }

/** The backend. It starts with the first request: while the site is built there is no secret. */
export async function bff(request: Request): Promise<Response | undefined> {
  shared.bff ??= start()
  return shared.bff(request)
}

function start(): Bff {
  const api = setting('API')
  const sessions = createSessionPool({
    issuer: setting('ISSUER'),
    clientId: 'web',
    clientAuthentication: clientSecretBasic(setting('CLIENT_SECRET')),
    redirectUri: `${setting('ORIGIN')}/auth/callback`,
    scope: 'openid offline_access notes',
    resources: [`${api}/`],
    // Without `store` the sessions are in this process. For several hosts, or to keep them over a restart: redisStore().
    [allowInsecureLoopback]: true, // for servers on this machine
  })
  return createBff({ sessions, api: { '/api/notes': `${api}/notes` } })
}

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name} in the environment`)
  return value
}

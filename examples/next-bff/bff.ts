import { allowInsecureLoopback, type Bff, clientSecretBasic, createBff } from 'tokenward/bff'

// Next.js may run a module once for each route, and again after a change: all of them need the same sessions.
const shared = globalThis as typeof globalThis & { bff?: Bff }

/** Where the notes are. */
export const notesUrl = () => `${setting('API')}/notes`

/** The backend. It starts at the first request, because there is no secret while the site is built. */
export function backend(): Bff {
  shared.bff ??= start()
  return shared.bff
}

/** For the route handlers. */
export const bff = (request: Request) => backend()(request)

function start(): Bff {
  return createBff({
    issuer: setting('ISSUER'),
    clientId: 'web',
    clientAuthentication: clientSecretBasic(setting('CLIENT_SECRET')),
    redirectUri: `${setting('ORIGIN')}/auth/callback`,
    scope: 'openid offline_access notes',
    // Without `redis` the sessions are in this process, and end with it.
    api: { '/api/notes': notesUrl() },
    cookie: { sameSite: 'Lax' }, // for the server component: it comes with the request for a page, also after a sign-in
    [allowInsecureLoopback]: true, // for servers on this machine
  })
}

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name} in the environment`)
  return value
}

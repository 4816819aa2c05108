// A website's server that calls an API for each of its users. The browser holds a cookie, and no token.
// ISSUER=https://as.example.com API=https://api.example.com/notes SITE=https://app.example.com CLIENT_SECRET=… \
// SEALING_KEY=$(openssl rand -base64 32) node --import tsx node-users.ts
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createSessionPool,
  environmentKey,
  fileStore,
  isTransient,
  settle,
  TokenManagerError,
} from 'tokenward/node'

const { ISSUER = '', API = '', CLIENT_SECRET = '', SITE = '', PORT = '8080', STATE_FOLDER = './sessions' } = process.env

const sessions = createSessionPool({
  issuer: ISSUER,
  clientId: 'web',
  clientAuthentication: clientSecretBasic(CLIENT_SECRET),
  redirectUri: `${SITE}/callback`,
  scope: 'openid offline_access notes',
  resources: [API],
  store: fileStore({ path: STATE_FOLDER, key: environmentKey('SEALING_KEY') }), // or redisStore, for several hosts
  idleTimeout: 8 * 3_600_000,
  [allowInsecureLoopback]: true, // for servers on this machine only
})

const isSecure = SITE.startsWith('https:')
// With `__Host-` no other domain of the site can set them.
const [sessionCookie, signInCookie] = ['session', 'sign-in'].map((name) => (isSecure ? `__Host-${name}` : name)) as [
  string,
  string,
]
const newName = () => randomBytes(32).toString('base64url')

/** The value of the cookie that is called just so. Of two nobody knows who has set which, so none of them counts. */
function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(`${name}=`))
    .map((one) => one.slice(name.length + 1))
  const [value = ''] = values
  return values.length === 1 && /^[\w-]{43}$/.test(value) ? value : undefined
}

function cookie(name: string, value: string, maxAge?: number): string {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}${age}`
}

const routes: Record<string, (account: string | undefined, req: IncomingMessage, res: ServerResponse) => unknown> = {
  async 'GET /sign-in'(_, _req, res) {
    // The sign-in lies under a name of its own until the person is back.
    const begun = newName()
    const authorize = (location: string) => {
      res
        .writeHead(303, { location, 'set-cookie': cookie(signInCookie, begun, 600), 'cache-control': 'no-store' })
        .end()
      return new Promise<string>(() => {}) // the person comes back by way of /callback
    }
    await sessions.get(begun).signIn({ userAgent: { authorize, callbackUrl: () => undefined } })
  },
  async 'GET /callback'(before, req, res) {
    const begun = cookieOf(req, signInCookie)
    if (!begun) return res.writeHead(400).end('No sign-in was begun in this browser')
    // A new name for the session: what somebody may have planted in this browser before is worth nothing.
    const account = newName()
    await sessions.rename(begun, account)
    await sessions.get(account).completeSignIn(SITE + req.url)
    if (before) await sessions.get(before).signOut()
    const cookies = [cookie(sessionCookie, account), cookie(signInCookie, '', 0)]
    return res.writeHead(303, { location: '/', 'set-cookie': cookies }).end()
  },
  async 'GET /'(account, _, res) {
    const state = account ? await sessions.get(account).ready() : undefined
    const who = state?.status === 'signedIn' ? state.session.subject : 'nobody'
    res.writeHead(200, { 'content-type': 'text/plain' }).end(`Signed in: ${who}`)
  },
  async 'GET /notes'(account, _, res) {
    if (!account) return res.writeHead(401).end('Sign in first')
    const answer = await sessions.get(account).fetch(API)
    return res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  },
  async 'POST /sign-out'(account, _, res) {
    if (account) await sessions.get(account).signOut()
    res.writeHead(303, { location: '/', 'set-cookie': cookie(sessionCookie, '', 0) }).end()
  },
}

const server = createServer(async (req, res) => {
  try {
    const route = routes[`${req.method} ${req.url?.split('?')[0]}`]
    if (route) await route(cookieOf(req, sessionCookie), req, res)
    else res.writeHead(404).end()
  } catch (error) {
    const known = error instanceof TokenManagerError ? error : undefined
    if (!known) console.error(error)
    const status = known?.code === 'ERR_SIGNED_OUT' ? 401 : isTransient(error) ? 503 : 500
    res.writeHead(status).end(known?.message ?? 'That did not work')
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`Listening on ${SITE}`))

process.once('SIGTERM', async () => {
  server.close()
  await settle() // refreshes that were sent, sign-outs, revocations
  process.exit()
})

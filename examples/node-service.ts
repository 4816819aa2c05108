// A service that calls an API as itself, and in the name of users. It got the users' tokens from elsewhere.
// ISSUER=https://as.example.com API=https://api.example.com/notes CLIENT_SECRET=… SEALING_KEY=$(openssl rand -base64 32) \
// node --import tsx node-service.ts
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createClientCredentials,
  createSessionPool,
  environmentKey,
  fileStore,
  isTransient,
  settle,
  TokenManagerError,
  type TokenSet,
} from 'tokenward/node'

const { ISSUER = '', API = '', CLIENT_SECRET = '', PORT = '8081', STATE_FOLDER = './sessions' } = process.env
const client = {
  issuer: ISSUER,
  clientAuthentication: clientSecretBasic(CLIENT_SECRET),
  resources: [API],
  [allowInsecureLoopback]: true, // for servers on this machine only
}

// As itself: all calls share one token, which is renewed before it expires.
const itself = createClientCredentials({ ...client, clientId: 'service', scope: 'notes' })

// For users: each has a session. All sessions are in the store, and at most 10 000 of them in memory.
const sessions = createSessionPool({
  ...client,
  clientId: 'web',
  store: fileStore({ path: STATE_FOLDER, key: environmentKey('SEALING_KEY') }), // or redisStore, for several hosts
})
sessions.on('signed_out', ({ account, reason }) => console.log(`${account} has to sign in again: ${reason}`))

const server = createServer(async (req, res) => {
  const [, what, user = ''] = (req.url ?? '').split('/')
  try {
    if (req.method === 'PUT' && what === 'sessions') {
      // The program that signs users in passes their tokens on. From now on only this service refreshes them.
      await sessions.get(user).adopt((await json(req)) as TokenSet)
      res.writeHead(204).end()
    } else if (req.method === 'DELETE' && what === 'sessions') {
      await sessions.get(user).signOut()
      res.writeHead(204).end()
    } else {
      const answer = await (what === 'digest' && user ? sessions.get(user) : itself).fetch(API)
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    }
  } catch (error) {
    const { code, retryAt = 0 } = error instanceof TokenManagerError ? error : {}
    if (isTransient(error)) res.setHeader('retry-after', Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)))
    res.writeHead(code === 'ERR_SIGNED_OUT' ? 404 : isTransient(error) ? 503 : 500).end(code)
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log('Listening', server.address()))

process.once('SIGTERM', async () => {
  server.close()
  await settle() // refreshes that were sent, revocations
  process.exit()
})

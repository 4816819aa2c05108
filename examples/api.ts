// An API that refuses a token at once when its session has ended. It has a guard, a denylist that all processes share, and an endpoint for
// logouts of the authorization server. You can run any number of these processes.
// ISSUER=https://as.example.com AUDIENCE=https://api.example.com/ CLIENT_ID=spa REDIS_URL=redis://127.0.0.1:6379 \
// node --import tsx api.ts
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { Redis } from 'ioredis'
import { redisDenylistStore, redisReplayStore } from 'tokenward/redis'
import {
  allowInsecureLoopback,
  createBackchannelLogout,
  createDenylist,
  createGuard,
  nodeGuard,
} from 'tokenward/resource-server'

const {
  ISSUER: issuer = '',
  AUDIENCE: audience = '',
  CLIENT_ID: clientId = '',
  REDIS_URL = '',
  PORT = '8081',
} = process.env

const client = new Redis(REDIS_URL)
client.on('error', ({ message }) => console.error('Redis:', message))

// What was signed out, revoked or banned. Each process has a copy in memory, so a check asks nobody.
const denylist = createDenylist({
  store: redisDenylistStore({ client }),
  maxTokenLifetime: 3_600_000, // no access token here lives longer
  whenStale: 'deny', // without news from Redis for 10 s: 503, until there is some
})

const guard = createGuard({
  issuer,
  audience,
  denylist,
  dpop: { baseUrl: audience, replayStore: redisReplayStore({ client }) }, // tokens bound to a key, with their proof
  onDecision: ({ allowed, reason, status, route, subjectHash }) => {
    if (!allowed) console.log(JSON.stringify({ status, reason, route, subjectHash }))
  },
  [allowInsecureLoopback]: true, // for servers on this machine only
})

const logout = createBackchannelLogout({
  issuer,
  clientId,
  denylist,
  replayStore: redisReplayStore({ client }),
  onDecision: ({ accepted, outcome }) => console.log(`logout ${accepted ? 'accepted' : 'refused'}: ${outcome}`),
  [allowInsecureLoopback]: true,
})

// One policy object for each route.
const routes: Record<string, RequestListener> = {
  'GET /notes': nodeGuard(guard, (_, res, { sub }) => res.end(`Notes of ${sub}\n`), { route: 'notes', scope: 'notes' }),
  'POST /transfers': nodeGuard(guard, (_, res) => res.end('Done\n'), {
    route: 'transfers',
    scope: 'notes',
    subject: 'user' as const,
    maxAge: 300_000, // who signed in longer ago has to do it again
  }),
  async 'POST /backchannel-logout'(req, res) {
    const answer = await logout(asRequest(req))
    res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  },
  'GET /health': (_, res) => res.end(JSON.stringify(denylist.status())),
}

/** Node's request for the handler. It reads no more of it than necessary. */
function asRequest(req: IncomingMessage): Request {
  const { method = '', headers } = req
  const type = { 'content-type': headers['content-type'] ?? '' }
  const init = { method, headers: type, body: Readable.toWeb(req), duplex: 'half' }
  return new Request('http://api/backchannel-logout', init as RequestInit)
}

await denylist.ready() // what was denied before this process began
const server = createServer(async (req, res) => {
  try {
    const route = routes[`${req.method} ${req.url?.split('?')[0]}`]
    if (route) await route(req, res)
    else res.writeHead(404).end()
  } catch (error) {
    console.error(error)
    res.writeHead(500).end()
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log('Listening', server.address()))

process.once('SIGTERM', () => {
  server.close()
  denylist.close()
  client.disconnect()
})

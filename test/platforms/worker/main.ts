import { alwaysOnline, createTokenManager, memoryStore, noChannel, queueLock, systemClock, webCrypto } from 'tokenward'
import { createGuard, fetchGuard } from 'tokenward/resource-server'

// A worker that calls an API with a session's tokens, and an API of its own. Its network is the test.

const issuer = 'https://as.example.com'

// Both are made where a worker may neither wait nor draw anything at random.
const tokens = createTokenManager(
  { issuer, clientId: 'worker', resources: ['https://api.example.com/'] },
  {
    store: memoryStore(),
    lock: queueLock(),
    channel: noChannel,
    lifecycle: alwaysOnline,
    clock: systemClock,
    crypto: webCrypto,
    fetch: (input, init) => fetch(input, init),
  },
)

async function asClient(): Promise<Response> {
  await tokens.adopt({ accessToken: 'at-0', refreshToken: 'rt-0', expiresAt: Date.now() + 3_600_000 })
  await tokens.refresh()
  const response = await tokens.fetch('https://api.example.com/notes', { method: 'POST', body: 'hello' })
  const used = await response.text()
  const { revoked } = await tokens.signOut()
  return Response.json({ used, revoked: await revoked, status: tokens.state.status })
}

const guard = createGuard({ issuer, audience: 'https://api.example.com/', dpop: { nonce: {} } })
const asApi = fetchGuard(guard, (_request, { sub }) => Response.json({ sub }))

/** Gives up before the API has an answer, which ends everything that this request still waits for. */
async function impatient(request: Request): Promise<Response> {
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(new Response(null, { status: 504 })), 100))
  return Promise.race([asApi(request), late])
}

const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  '/client': asClient,
  '/impatient': impatient,
}

export default {
  fetch: (request: Request) => (handlers[new URL(request.url).pathname] ?? asApi)(request),
}

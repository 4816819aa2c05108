// Prints what `tokens.fetch` costs over the platform's `fetch`: the lower quartile of interleaved rounds in one process, and its ratio to
// that of plain calls of the same stub with a static header. The stub does only what every fetch has to do. Rounds are so short that others
// on the same machine disturb few of them.
import {
  alwaysOnline,
  createTokenManager,
  type Fetch,
  memoryStore,
  noChannel,
  queueLock,
  systemClock,
  webCrypto,
} from '../src/index.ts'

const ROUNDS = 2_001
const CALLS = 50
const URL = 'https://api.example.com/v1/notes?limit=20'
const authorization = `Bearer ${'a'.repeat(800)}`

const stub: Fetch = async (input, init) => {
  new Request(input, init)
  return new Response(null)
}
const issuer = 'https://as.example.com'
const metadata = { issuer, token_endpoint: `${issuer}/token` }
const tokens = createTokenManager(
  { issuer, metadata, clientId: 'app', resources: ['https://api.example.com/v1'], confirmInterval: 60_000 },
  {
    store: memoryStore(),
    lock: queueLock(),
    channel: noChannel,
    lifecycle: alwaysOnline,
    clock: systemClock,
    crypto: webCrypto,
    fetch: stub,
  },
)
await tokens.adopt({ accessToken: 'a'.repeat(800), refreshToken: 'r', expiresAt: Date.now() + 3_600_000 })
const { fetch } = tokens

const json = { accept: 'application/json', 'content-type': 'application/json' }
const body = JSON.stringify({ title: 'a note' })
const cases: Record<string, [plain: () => Promise<Response>, ours: () => Promise<Response>]> = {
  'GET, no init': [() => stub(URL, { headers: { authorization } }), () => fetch(URL)],
  'POST, headers and body': [
    () => stub(URL, { method: 'POST', body, headers: { ...json, authorization } }),
    () => fetch(URL, { method: 'POST', body, headers: json }),
  ],
}

async function time(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < CALLS; i++) await call()
  return (performance.now() - start) / CALLS
}

const lowerQuartile = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 2] ?? Number.NaN
const us = (ms: number) => `${(ms * 1000).toFixed(2)} µs`

for (const [name, [plain, ours]] of Object.entries(cases)) {
  const times = { plain: [] as number[], ours: [] as number[] }
  const measure = async (which: 'plain' | 'ours') =>
    void times[which].push(await time(which === 'plain' ? plain : ours))
  for (let round = 0; round < ROUNDS; round++) {
    await measure(round % 2 ? 'ours' : 'plain')
    await measure(round % 2 ? 'plain' : 'ours')
  }
  const [ofPlain, ofOurs] = [lowerQuartile(times.plain), lowerQuartile(times.ours)]
  console.log(`${name}: plain ${us(ofPlain)}, tokens.fetch ${us(ofOurs)}, ratio ${(ofOurs / ofPlain).toFixed(2)}`)
}

const alone: number[] = []
for (let round = 0; round < ROUNDS; round++) alone.push(await time(() => tokens.getAccessToken()))
console.log(`getAccessToken, a fresh token in memory: ${us(lowerQuartile(alone))}`)

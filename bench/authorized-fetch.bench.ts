// Prints what `tokens.fetch` costs over the platform's `fetch`: the median of interleaved rounds in one process, as a ratio to
// a plain call of the same stub with a static header. The stub does only what every fetch has to do.
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

const ROUNDS = 41
const CALLS = 2_000
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

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN

for (const [name, [plain, ours]] of Object.entries(cases)) {
  await time(plain)
  await time(ours)
  const rounds: { plain: number; ours: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const first = round % 2 ? await time(ours) : await time(plain)
    const second = round % 2 ? await time(plain) : await time(ours)
    rounds.push(round % 2 ? { ours: first, plain: second } : { plain: first, ours: second })
  }
  const us = (ms: number) => `${(ms * 1000).toFixed(2)} µs`
  const ratio = median(rounds.map((round) => round.ours / round.plain))
  console.log(
    `${name}: plain ${us(median(rounds.map((r) => r.plain)))}, tokens.fetch ${us(median(rounds.map((r) => r.ours)))}, ratio ${ratio.toFixed(2)}`,
  )
}

const alone: number[] = []
for (let round = 0; round < ROUNDS; round++) alone.push(await time(() => tokens.getAccessToken()))
console.log(`getAccessToken, a fresh token in memory: ${(median(alone) * 1000).toFixed(2)} µs`)

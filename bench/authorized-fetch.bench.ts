// Prints what `tokens.fetch` costs over the platform's `fetch`: the median of interleaved rounds in one process, as a ratio to
// a plain call of the same stub with a static header. The stub does only what every fetch has to do.
import { accessToken } from '../src/access-token.ts'
import { authorizedFetch } from '../src/authorized-fetch.ts'
import type { Fetch } from '../src/ports.ts'
import { resourceMatcher } from '../src/resource-matcher.ts'

const ROUNDS = 41
const CALLS = 2_000
const URL = 'https://api.example.com/v1/notes?limit=20'
const authorization = `Bearer ${'a'.repeat(800)}`

const stub: Fetch = async (input, init) => {
  new Request(input, init)
  return new Response(null)
}
const token = accessToken({ value: 'a'.repeat(800), type: 'Bearer', obtainedAt: 0, scope: 'notes' })
const fetch = authorizedFetch({
  source: { current: () => token, get: async () => token, replace: async () => undefined },
  fetch: stub,
  match: resourceMatcher(['https://api.example.com/v1'], { insecureLoopback: false }),
  unlisted: 'throw',
  whenSignedOut: 'throw',
  observe: () => {},
})

const json = { accept: 'application/json', 'content-type': 'application/json' }
const body = JSON.stringify({ title: 'a note' })
const cases: Record<string, [plain: () => Promise<Response>, ours: () => Promise<Response>]> = {
  'GET, no init': [() => stub(URL, { headers: { authorization } }), () => fetch(URL)],
  'POST, headers and body': [
    () => stub(URL, { method: 'POST', body, headers: { ...json, authorization } }),
    () => fetch(URL, { method: 'POST', body, headers: json }),
  ],
}

async function time(call: () => Promise<Response>): Promise<number> {
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

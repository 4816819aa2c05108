// Prints what the guard costs: a JWT against jose's bare `jwtVerify`, a token that comes again, and the denylist with a million
// entries. Medians of interleaved rounds in one process, as ratios.
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createDenylist, createGuard } from 'tokenward/resource-server'

const ROUNDS = 21
const CALLS = 400
const ENTRIES = 1_000_000
const issuer = 'https://as.example.com'
const audience = 'https://api.example.com/'

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
const us = (ms: number) => `${(ms * 1000).toFixed(2)} µs`

for (const alg of ['ES256', 'RS256', 'Ed25519']) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg }]
  const options = {
    ...{ issuer: { issuer, jwksUri: `${issuer}/jwks` }, audience },
    fetch: async () => Response.json({ keys }),
  }
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: 'person', client_id: 'spa', scope: 'notes', jti: 'j', sid: 's' }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg, kid: 'k', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + 3_600)
    .sign(privateKey)
  const request = { method: 'GET', url: `${audience}notes`, headers: { authorization: `Bearer ${token}` } }
  const anew = createGuard({ ...options, cacheLimit: 0 })
  const again = createGuard({ ...options, denylist: createDenylist() })
  const cases: Record<string, () => Promise<unknown>> = {
    jose: () => jwtVerify(token, publicKey, { issuer, audience, typ: 'at+jwt', algorithms: [alg] }),
    guard: () => anew(request),
    again: () => again(request),
  }
  const times: Record<string, number[]> = { jose: [], guard: [], again: [] }
  for (let round = -3; round < ROUNDS; round++)
    for (const name of round % 2 ? ['jose', 'guard', 'again'] : ['again', 'guard', 'jose']) {
      const began = performance.now()
      for (let call = 0; call < CALLS; call++) await cases[name]?.()
      if (round >= 0) times[name]?.push((performance.now() - began) / CALLS)
    }
  const ratio = (a: string, b: string) =>
    median((times[a] ?? []).map((time, round) => time / (times[b]?.[round] ?? Number.NaN))).toFixed(2)
  console.log(
    `${alg}: jose's jwtVerify ${us(median(times.jose ?? []))}, guard ${us(median(times.guard ?? []))} (${ratio('guard', 'jose')} ×), ` +
      `the same token again ${us(median(times.again ?? []))} (${ratio('guard', 'again')} × faster)`,
  )
}

const id = (n: number) => `${n.toString(36).padStart(6, '0')}-4f1c-9b7e-2d40-a8c1e0`
globalThis.gc?.()
const before = process.memoryUsage().heapUsed
const loading = performance.now()
const denylist = createDenylist()
for (let from = 0; from < ENTRIES; from += 10_000)
  await denylist.deny(
    ...Array.from({ length: 10_000 }, (_, n) => ({ issuer, jti: id(from + n), expiresAt: Date.now() + 3_600_000 })),
  )
const loaded = performance.now() - loading
globalThis.gc?.()
const bytes = (process.memoryUsage().heapUsed - before) / ENTRIES
// Names as a token brings them: never seen before by the engine.
const asked = Array.from({ length: 200_000 }, (_, n) => ({
  ...{ iss: issuer, jti: Buffer.from(id(n * 7)).toString(), sid: `s${n}`, sub: `u${n}`, client_id: 'spa', iat: 1 },
}))
let denied = 0
const looking = performance.now()
for (const token of asked) if (denylist.check(token)) denied++
const look = ((performance.now() - looking) / asked.length) * 1e6
console.log(
  `denylist of ${denylist.status().entries} entries: ${look.toFixed(0)} ns a look-up (${denied} of ${asked.length} denied), ` +
    `${bytes.toFixed(0)} bytes an entry${globalThis.gc ? '' : ' (run with --expose-gc for a true figure)'}, made in ${Math.round(loaded)} ms`,
)

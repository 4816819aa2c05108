// Prints what the guard costs: a JWT against jose's bare `jwtVerify`, a token that comes again, and the denylist with a million
// entries. Medians of interleaved rounds in one process, as ratios; processor time of all threads, so that a busy machine shows the same.
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createDenylist, createGuard } from 'tokenward/resource-server'

const ROUNDS = 21
const CALLS = 400
const ENTRIES = 1_000_000
const issuer = 'https://as.example.com'
const audience = 'https://api.example.com/'

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
const us = (time: number) => `${time.toFixed(2)} µs`

for (const alg of ['ES256', 'RS256', 'Ed25519']) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg }]
  const options = {
    issuer: { issuer, jwksUri: `${issuer}/jwks` },
    audience,
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
  const atOnce = createGuard({ ...options, cacheLimit: 0, signatures: 'immediate' })
  const again = createGuard({ ...options, denylist: createDenylist() })
  const cases: Record<string, () => Promise<unknown>> = {
    jose: () => jwtVerify(token, publicKey, { issuer, audience, typ: 'at+jwt', algorithms: [alg] }),
    guard: () => anew(request),
    atOnce: () => atOnce(request),
    again: () => again(request),
  }
  const names = Object.keys(cases)
  const times: Record<string, number[]> = { jose: [], guard: [], atOnce: [], again: [] }
  for (let round = -3; round < ROUNDS; round++)
    for (const name of round % 2 ? names : names.toReversed()) {
      const began = process.cpuUsage()
      for (let call = 0; call < CALLS; call++) await cases[name]?.()
      const { user, system } = process.cpuUsage(began)
      if (round >= 0) times[name]?.push((user + system) / CALLS)
    }
  const ratio = (a: string, b: string) =>
    median((times[a] ?? []).map((time, round) => time / (times[b]?.[round] ?? Number.NaN))).toFixed(2)
  console.log(
    `${alg}: jose's jwtVerify ${us(median(times.jose ?? []))}, guard ${us(median(times.guard ?? []))} (${ratio('guard', 'jose')} ×), ` +
      `with signatures 'immediate' ${us(median(times.atOnce ?? []))} (${ratio('atOnce', 'jose')} ×), ` +
      `the same token again ${us(median(times.again ?? []))} (${ratio('guard', 'again')} × faster)`,
  )
}

const id = (n: number) => Buffer.from(`${n.toString(36).padStart(6, '0')}-4f1c-9b7e-2d40-a8c1e0`).toString()
globalThis.gc?.()
const before = process.memoryUsage()
const loading = process.cpuUsage()
const denylist = createDenylist()
for (let from = 0; from < ENTRIES; from += 10_000)
  await denylist.deny(
    ...Array.from({ length: 10_000 }, (_, n) => ({
      issuer,
      jti: id(2 * (from + n)),
      expiresAt: Date.now() + 3_600_000,
    })),
  )
const { user, system } = process.cpuUsage(loading)
globalThis.gc?.()
const after = process.memoryUsage()
const bytes = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / ENTRIES
/** Of small batches of tokens, each as it comes: just read, and never seen before. The tenth that nothing disturbed, and the median. */
const look = (denied: boolean) => {
  const each: number[] = []
  for (let batch = 0; batch < 2_000; batch++) {
    const tokens = Array.from({ length: 100 }, (_, n) => {
      const jti = id(2 * (((batch * 100 + n) * 7) % ENTRIES) + (denied ? 0 : 1))
      return { iss: issuer, jti, sid: `s${n}`, sub: `u${n}`, client_id: 'spa', iat: 1 }
    })
    let found = 0
    const began = performance.now()
    for (const token of tokens) if (denylist.check(token)) found++
    each.push(((performance.now() - began) / tokens.length) * 1e6)
    if (found !== (denied ? tokens.length : 0)) throw new Error('The denylist is wrong')
  }
  each.sort((a, b) => a - b)
  return `${each[each.length / 10]?.toFixed(0)} to ${median(each).toFixed(0)} ns`
}
console.log(
  `denylist of ${denylist.status().entries} entries: a look-up ${look(false)} for a good token, ${look(true)} for a denied one, ` +
    `${bytes.toFixed(0)} bytes an entry${globalThis.gc ? '' : ' (run with --expose-gc for a true figure)'}, ` +
    `made in ${Math.round((user + system) / 1000)} ms`,
)

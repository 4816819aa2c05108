import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import type { Decision } from '../../src/resource-server/decision.ts'
import type { DpopProofOptions } from '../../src/resource-server/dpop-proof.ts'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import { memoryReplayStore } from '../../src/resource-server/replay-store.ts'
import { sha256 } from '../../src/resource-server/sha256.ts'
import { AUDIENCE, NOW, SECONDS, type TestIssuer, testIssuer } from './test-issuer.ts'

interface Sender {
  readonly jwk: JWK
  readonly thumbprint: string
  readonly privateKey: CryptoKey
}

let as: TestIssuer
let sender: Sender
let thief: Sender
let now = NOW
let serial = 0

async function newSender(alg = 'ES256'): Promise<Sender> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { jwk, thumbprint: await calculateJwkThumbprint(jwk), privateKey }
}

beforeAll(async () => {
  as = await testIssuer()
  sender = await newSender()
  thief = await newSender()
})

beforeEach(() => {
  now = NOW
})

const guardOf = (dpop: DpopProofOptions | undefined = {}, options: Partial<GuardOptions> = {}) =>
  createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, dpop, ...options })

interface ProofChange {
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  readonly by?: Sender
}

async function proofFor(token: string, { claims = {}, header = {}, by = sender }: ProofChange = {}): Promise<string> {
  const all = {
    jti: `p${++serial}`,
    htm: 'GET',
    htu: `${AUDIENCE}notes`,
    iat: SECONDS,
    ath: await sha256(token),
    ...claims,
  }
  return new SignJWT(all as never)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk, ...header } as never)
    .sign(by.privateKey)
}

const bound = (by = sender) => as.accessToken({ cnf: { jkt: by.thumbprint } })

function asked(
  token: string,
  proof: string | undefined,
  { url = `${AUDIENCE}notes`, method = 'GET', scheme = 'DPoP' } = {},
) {
  return {
    ...{ method, url },
    headers: { authorization: `${scheme} ${token}`, ...(proof !== undefined && { dpop: proof }) },
  }
}

const refusal = (run: Promise<unknown>): Promise<AccessTokenError> =>
  run.then(
    () => expect.fail('it passed'),
    (error) => error,
  )

/** What comes of a proof that is changed like this. */
async function outcome(change: ProofChange, guard = guardOf()) {
  const token = await bound()
  return guard(asked(token, await proofFor(token, change))).then(
    () => 'passed',
    ({ reason }) => reason,
  )
}

describe('a proof', () => {
  it('passes where everything is right', async () => {
    expect(await outcome({})).toBe('passed')
  })

  it("with signatures: 'immediate' waits for no other thread, and neither does its token", async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    expect(await outcome({}, guardOf({}, { signatures: 'immediate' }))).toBe('passed')
    expect(verify).not.toHaveBeenCalled()
    expect(await outcome({})).toBe('passed')
    expect(verify).toHaveBeenCalledTimes(2)
    verify.mockRestore()
  })

  it.each([
    ['typ is JWT', { header: { typ: 'JWT' } }],
    ['typ is missing', { header: { typ: undefined } }],
    ['typ in another case', { header: { typ: 'DPoP+jwt' } }],
    ['jwk is missing', { header: { jwk: undefined } }],
    ['jwk is a string', { header: { jwk: 'x' } }],
    ['jwk is null', { header: { jwk: null } }],
    ['jwk of an unknown type', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
    ['jwk that is no point of the curve', { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' } } }],
    ['crit', { header: { crit: ['exp'], exp: 1 } }],
    ['jti is missing', { claims: { jti: undefined } }],
    ['jti is empty', { claims: { jti: '' } }],
    ['jti is a number', { claims: { jti: 1 } }],
    ['jti is very long', { claims: { jti: 'x'.repeat(257) } }],
    ['htm is another method', { claims: { htm: 'POST' } }],
    ['htm in lower case', { claims: { htm: 'get' } }],
    ['htm is missing', { claims: { htm: undefined } }],
    ['htu is missing', { claims: { htu: undefined } }],
    ['htu is no URL', { claims: { htu: '/notes' } }],
    ['htu is another host', { claims: { htu: 'https://api.example.org/notes' } }],
    ['htu is another path', { claims: { htu: `${AUDIENCE}note` } }],
    ['htu with a slash more', { claims: { htu: `${AUDIENCE}notes/` } }],
    ['htu in another case', { claims: { htu: `${AUDIENCE}Notes` } }],
    ['htu is http', { claims: { htu: 'http://api.example.com/notes' } }],
    ['htu with a user', { claims: { htu: 'https://u@api.example.com/notes' } }],
    ['iat is missing', { claims: { iat: undefined } }],
    ['iat is a string', { claims: { iat: `${SECONDS}` } }],
    ['iat is too old', { claims: { iat: SECONDS - 61 } }],
    ['iat is ahead', { claims: { iat: SECONDS + 11 } }],
    ['ath is missing', { claims: { ath: undefined } }],
    ['ath of another token', { claims: { ath: 'x' } }],
  ] as const)('DPO-14: %s', async (_, change) => {
    // What no signer would sign is put together by hand.
    const token = await bound()
    const made = await proofFor(token, change as ProofChange).catch(() => undefined)
    const error = await refusal(
      guardOf()(asked(token, made ?? rewritten(await proofFor(token), change as ProofChange))),
    )
    expect([error.reason, error.status, error.error]).toEqual(['proof_invalid', 401, 'invalid_dpop_proof'])
  })

  it.each(['none', 'HS256', 'es256', 'RSA-OAEP', '__proto__'])('DPO-14: alg %s', async (alg) => {
    const token = await bound()
    const error = await refusal(guardOf()(asked(token, rewritten(await proofFor(token), { header: { alg } }))))
    expect(error).toMatchObject({ reason: 'proof_invalid', error: 'invalid_dpop_proof' })
  })

  it.each(['d', 'p', 'k'])('DPO-14: a private part (%s) in jwk', async (member) => {
    expect(await outcome({ header: { jwk: { ...sender.jwk, [member]: 'AAAA' } } })).toBe('proof_invalid')
  })

  it('DPO-14: signed by another key than it shows', async () => {
    expect(await outcome({ by: { ...thief, jwk: sender.jwk } })).toBe('proof_invalid')
  })

  it('DPO-14: of another key than the token is bound to', async () => {
    const error = await outcome({ by: thief })
    expect(error).toBe('binding_mismatch')
  })

  it('DPO-14: none, two, or something else', async () => {
    const token = await bound()
    const proof = await proofFor(token)
    expect(await refusal(guardOf()(asked(token, undefined)))).toMatchObject({ reason: 'proof_missing' })
    const two = { ...asked(token, proof).headers, dpop: [proof, await proofFor(token)] }
    expect(await refusal(guardOf()({ ...asked(token, proof), headers: two }))).toMatchObject({
      reason: 'proof_invalid',
    })
    const joined = asked(token, `${proof}, ${await proofFor(token)}`)
    expect(await refusal(guardOf()(joined))).toMatchObject({ reason: 'proof_invalid' })
    for (const other of ['', 'x', token])
      expect(await refusal(guardOf()(asked(token, other)))).toMatchObject({ status: 401 })
  })

  it('DPO-14: with a key the API does not take', async () => {
    expect(await outcome({}, guardOf({ algorithms: ['Ed25519'] }))).toBe('proof_invalid')
    const modern = await newSender('Ed25519')
    const token = await bound(modern)
    await guardOf()(asked(token, await proofFor(token, { by: modern, header: { alg: 'Ed25519' } })))
  })

  it('DPO-18: counts for a minute back and ten seconds ahead, or as it was set', async () => {
    expect(await outcome({ claims: { iat: SECONDS - 60 } })).toBe('passed')
    expect(await outcome({ claims: { iat: SECONDS + 10 } })).toBe('passed')
    expect(await outcome({ claims: { iat: SECONDS - 299 } }, guardOf({ maxAge: 300_000 }))).toBe('passed')
    expect(await outcome({ claims: { iat: SECONDS + 1 } }, guardOf({ maxAhead: 0 }))).toBe('proof_invalid')
  })
})

function rewritten(proof: string, { header, claims }: ProofChange): string {
  const [head = '', body = '', signature] = proof.split('.')
  const change = (part: string, by: object | undefined) =>
    base64url.encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(base64url.decode(part))), ...by }))
  return `${change(head, header)}.${change(body, claims)}.${signature}`
}

describe('where the request went', () => {
  it.each([
    ['the case of scheme and host', 'HTTPS://API.example.com/notes'],
    ['the default port', 'https://api.example.com:443/notes'],
    ['query and fragment', `${AUDIENCE}notes?a=b#c`],
    ['dot segments', `${AUDIENCE}x/../notes`],
    ['escapes that need not be', `${AUDIENCE}%6eotes`],
  ])('DPO-15: %s makes no difference', async (_, htu) => {
    expect(await outcome({ claims: { htu } })).toBe('passed')
  })

  it('DPO-15: an escaped slash is none, and escapes are compared in any case', async () => {
    const token = await bound()
    const at = async (url: string, htu: string) =>
      guardOf()(asked(token, await proofFor(token, { claims: { htu } }), { url })).then(
        () => true,
        () => false,
      )
    expect(await at(`${AUDIENCE}a%2Fb`, `${AUDIENCE}a/b`)).toBe(false)
    expect(await at(`${AUDIENCE}a%2fb`, `${AUDIENCE}a%2Fb`)).toBe(true)
    expect(await at('https://api.example.com', 'https://api.example.com/')).toBe(true)
    expect(await at(`${AUDIENCE}~a`, `${AUDIENCE}%7ea`)).toBe(true)
  })

  it('DPO-16: behind a proxy the place is what the options say, whatever the fields say', async () => {
    const token = await bound()
    const guard = guardOf({ baseUrl: 'https://api.example.com/v1' })
    const htu = 'https://api.example.com/v1/notes'
    const forged = {
      host: 'evil.example.com',
      'x-forwarded-host': 'evil.example.com',
      forwarded: 'host=evil.example.com',
    }
    const inside = { method: 'GET', url: '/notes?x=1' }
    const fields = async (place: string) => ({
      ...forged,
      authorization: `DPoP ${token}`,
      dpop: await proofFor(token, { claims: { htu: place } }),
    })
    await guard({ ...inside, headers: await fields(htu) })
    await guard({ method: 'GET', url: 'http://10.0.0.1:8080/notes', headers: await fields(htu) })
    await refusal(guard({ ...inside, headers: await fields('https://evil.example.com/v1/notes') }))
    // A path of two slashes is no host.
    await refusal(
      guard({
        method: 'GET',
        url: '//evil.example.com/notes',
        headers: await fields('https://evil.example.com/notes'),
      }),
    )
  })

  it('DPO-16: without it a path alone is refused rather than guessed', async () => {
    const token = await bound()
    const error = await refusal(guardOf()(asked(token, await proofFor(token), { url: '/notes' })))
    expect([error.status, error.reason]).toEqual([503, 'guard_failed'])
  })
})

describe('a proof that comes again', () => {
  it('DPO-17: is refused, also in parallel', async () => {
    const guard = guardOf()
    const token = await bound()
    const request = asked(token, await proofFor(token))
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => guard(request)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const [refused] = results.filter((result) => result.status === 'rejected')
    expect(refused?.reason).toMatchObject({ reason: 'proof_replayed', error: 'invalid_dpop_proof' })
  })

  it('DPO-17: is refused with another spelling of its signature, too', async () => {
    const guard = guardOf()
    const token = await bound()
    const proof = await proofFor(token)
    await guard(asked(token, proof))
    const [head, body, signature = ''] = proof.split('.')
    const bytes = base64url.decode(signature)
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).toString('hex')}`)
    const other = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')
    const malleated = `${head}.${body}.${base64url.encode(Buffer.concat([bytes.subarray(0, 32), other]))}`
    expect(malleated).not.toBe(proof)
    expect(await refusal(guard(asked(token, malleated)))).toMatchObject({ reason: 'proof_replayed' })
    // It is a right signature: elsewhere it would pass.
    await guardOf()(asked(token, malleated))
  })

  it('DPO-17: is remembered for as long as it counts, and no longer', async () => {
    const replayStore = memoryReplayStore({ now: () => now })
    const guard = guardOf({ replayStore, maxAge: 60_000, maxAhead: 10_000 })
    const token = await bound()
    const proof = await proofFor(token, { claims: { iat: SECONDS + 10 } })
    await guard(asked(token, proof))
    now += 69_000
    expect(await refusal(guard(asked(token, proof)))).toMatchObject({ reason: 'proof_replayed' })
    now += 2_000
    expect(await refusal(guard(asked(token, proof)))).toMatchObject({ reason: 'proof_invalid' })
  })

  it('DPO-17: a store that fails is 503, or lets pass and says so', async () => {
    const replayStore = { add: () => Promise.reject(new Error('down')), has: async () => false }
    const token = await bound()
    const error = await refusal(guardOf({ replayStore })(asked(token, await proofFor(token))))
    expect([error.status, error.reason]).toEqual([503, 'replay_store_unavailable'])
    const told: Decision[] = []
    const lenient = guardOf({ replayStore, whenReplayStoreFails: 'allow' }, { onDecision: (one) => told.push(one) })
    await lenient(asked(token, await proofFor(token)))
    expect(told).toMatchObject([{ allowed: true, degraded: 'replay_store_unavailable' }])
  })

  it('the store is bounded, and forgets what is over', async () => {
    const store = memoryReplayStore({ limit: 3, now: () => now })
    for (const key of ['a', 'b', 'c']) expect(await store.add(key, NOW + 1_000)).toBe(true)
    await expect(store.add('d', NOW + 1_000)).rejects.toThrow('full')
    expect(await store.has('a')).toBe(true)
    now += 1_001
    expect(await store.has('a')).toBe(false)
    expect(await store.add('d', NOW + 9_000)).toBe(true)
    expect(await store.add('e', NOW + 9_000)).toBe(true)
  })
})

describe('DPO-20: scheme and binding', () => {
  it('have to fit in each of the four ways', async () => {
    const guard = guardOf()
    const free = await as.accessToken()
    const token = await bound()
    await guard(asked(free, undefined, { scheme: 'Bearer' }))
    await guard(asked(token, await proofFor(token)))
    expect(await refusal(guard(asked(token, undefined, { scheme: 'Bearer' })))).toMatchObject({
      reason: 'binding_mismatch',
    })
    const wrong = await refusal(guard(asked(free, await proofFor(free))))
    expect(wrong).toMatchObject({ reason: 'binding_mismatch', error: 'invalid_token' })
    // The error stands only in the challenge of the scheme that was used.
    expect(wrong.wwwAuthenticate).toMatch(/^Bearer realm="[^"]*", DPoP realm="[^"]*", error="invalid_token", .*algs="/)
  })

  it('a token without a key is refused where proofs are required', async () => {
    const guard = guardOf({ required: true })
    const error = await refusal(guard(asked(await as.accessToken(), undefined, { scheme: 'Bearer' })))
    expect(error.reason).toBe('binding_mismatch')
  })

  it('a bound token is refused where no proofs are taken', async () => {
    const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now })
    const token = await bound()
    expect(await refusal(guard(asked(token, await proofFor(token))))).toMatchObject({ reason: 'binding_mismatch' })
  })
})

describe('DPO-21: a token that only its server can read', () => {
  const asks: string[] = []
  const opaqueGuard = (answer: Record<string, unknown>) =>
    guardOf(
      {},
      {
        issuer: { issuer: as.issuer, introspection: { clientId: 'api', clientSecret: 's' } },
        fetch: async (input, init) => {
          if (String(input) !== `${as.issuer}/introspect`) return as.fetch(input, init)
          asks.push(JSON.stringify([[...new Headers(init?.headers)], String(init?.body)]))
          return Response.json({ active: true, aud: AUDIENCE, cnf: { jkt: sender.thumbprint }, ...answer })
        },
      },
    )
  const use = async (answer: Record<string, unknown>, change: ProofChange = {}, scheme = 'DPoP') =>
    opaqueGuard(answer)(asked('opaque', await proofFor('opaque', change), { scheme })).then(
      () => 'passed',
      ({ reason }) => reason,
    )

  it('is bound to the key that the answer names, and its proof is checked here', async () => {
    asks.splice(0)
    expect(await use({})).toBe('passed')
    expect(await use({ token_type: 'DPoP' })).toBe('passed')
    expect(await use({}, { by: thief })).toBe('binding_mismatch')
    expect(await use({}, { claims: { ath: await sha256('another') } })).toBe('proof_invalid')
    expect(asks).toHaveLength(4)
    for (const one of asks) expect(one.toLowerCase()).not.toContain('dpop')
  })

  it('is refused where the answer contradicts itself, or the request the answer', async () => {
    expect(await use({ token_type: 'Bearer' })).toBe('binding_mismatch')
    expect(await use({ cnf: undefined })).toBe('binding_mismatch')
    expect(await use({}, {}, 'Bearer')).toBe('binding_mismatch')
  })
})

describe('DPO-19: nonces', () => {
  const secret = new Uint8Array(32).fill(9)
  const withNonce = (nonce: unknown) => outcome({ claims: { nonce } }, guardOf({ nonce: { secret } }))

  it('are asked for, and the one that is told counts', async () => {
    const guard = guardOf({ nonce: { secret } })
    const token = await bound()
    const error = await refusal(guard(asked(token, await proofFor(token))))
    expect([error.reason, error.error, error.status]).toEqual(['nonce_required', 'use_dpop_nonce', 401])
    const nonce = error.headers['dpop-nonce']
    expect(error.headers['cache-control']).toBe('no-store')
    await guard(asked(token, await proofFor(token, { claims: { nonce } })))
    expect(await guard.answerHeaders()).toMatchObject({ 'dpop-nonce': nonce, 'cache-control': 'no-store' })
    // Any process with the secret takes it.
    expect(await withNonce(nonce)).toBe('passed')
  })

  it('are renewed at half their time, and refused after it', async () => {
    const guard = guardOf({ nonce: { secret, lifetime: 100_000 } })
    const { 'dpop-nonce': first } = await guard.answerHeaders()
    const use = async (nonce: unknown) => {
      const token = await bound()
      return guard(asked(token, await proofFor(token, { claims: { nonce } }))).then(
        () => 'passed',
        ({ reason }) => reason,
      )
    }
    now += 60_000
    expect((await guard.answerHeaders())['dpop-nonce']).not.toBe(first)
    expect(await use(first)).toBe('passed')
    now += 60_000
    expect(await use(first)).toBe('nonce_required')
  })

  it('that were made up are refused', async () => {
    for (const nonce of ['x', '', 1, null, 'A'.repeat(22)]) expect(await withNonce(nonce)).toBe('nonce_required')
  })

  it('DPO-18: decide in place of the clock', async () => {
    const guard = guardOf({ nonce: { secret } })
    const { 'dpop-nonce': nonce } = await guard.answerHeaders()
    expect(await outcome({ claims: { nonce, iat: SECONDS - 3_600 } }, guard)).toBe('passed')
  })

  it('nobody is told one who need not have it', async () => {
    expect(await guardOf().answerHeaders()).toEqual({})
  })
})

import { exportJWK, generateKeyPair } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import { AUDIENCE, goodClaims, NOW, request, type TestIssuer, testIssuer } from './test-issuer.ts'

const MINUTE = 60_000

let as: TestIssuer
let now: number

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
})

const guardOf = (options: Partial<GuardOptions> = {}) =>
  createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, cacheLimit: 0, ...options })
const fetches = () => as.requests.filter((url) => url.endsWith('/jwks')).length
const outcome = async (guard: ReturnType<typeof guardOf>, token: string) =>
  guard(request(token)).then(
    () => 'passed',
    ({ reason }) => reason,
  )
const fresh = (header?: Record<string, unknown>) => as.accessToken({ iat: now / 1_000, exp: now / 1_000 + 300 }, header)

describe('VAL-16: the keys of an issuer', () => {
  it('are not fetched before the first request, and once for many', async () => {
    const guard = guardOf()
    expect(as.requests).toEqual([])
    const token = await fresh()
    await Promise.all(Array.from({ length: 50 }, () => guard(request(token))))
    expect(as.requests).toEqual([`${as.issuer}/.well-known/openid-configuration`, `${as.issuer}/jwks`])
  })

  it('1,000 tokens with unknown kids cause one fetch a cooldown', async () => {
    const guard = guardOf()
    await guard(request(await fresh()))
    now += 31_000
    const before = fetches()
    for (let one = 0; one < 1_000; one++)
      expect(await outcome(guard, await fresh({ kid: `x${one}` }))).toBe('key_unknown')
    expect(fetches() - before).toBe(1)
    now += 30_000
    await outcome(guard, await fresh({ kid: 'y' }))
    expect(fetches() - before).toBe(2)
  })

  it('1,000 at once as well', async () => {
    const guard = guardOf()
    await guard(request(await fresh()))
    now += 31_000
    const before = fetches()
    const tokens = await Promise.all(Array.from({ length: 1_000 }, (_, one) => fresh({ kid: `x${one}` })))
    await Promise.all(tokens.map((token) => outcome(guard, token)))
    expect(fetches() - before).toBe(1)
  })

  it('a new one is accepted after one fetch', async () => {
    const guard = guardOf()
    await guard(request(await fresh()))
    now += 31_000
    const pair = await generateKeyPair('ES256', { extractable: true })
    as.keys.push({ ...(await exportJWK(pair.publicKey)), kid: 'k2', alg: 'ES256' })
    await guard(request(await as.sign(goodClaims(), { kid: 'k2' }, pair.privateKey)))
    expect(fetches()).toBe(2)
  })

  it.each([
    ['that has the name of the old one', 'k1'],
    ['without a name, as the old one', undefined],
  ])('a new one %s is accepted after one fetch', async (_, kid) => {
    as.keys = as.keys.map((jwk) => ({ ...jwk, kid }) as never)
    const guard = guardOf()
    expect(await outcome(guard, await fresh({ kid }))).toBe('passed')
    const before = await fresh({ kid })
    now += 31_000
    const pair = await generateKeyPair('ES256', { extractable: true })
    as.keys = [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256' } as never]
    const after = await as.sign({ ...goodClaims(), iat: now / 1_000, exp: now / 1_000 + 300 }, { kid }, pair.privateKey)
    expect(await outcome(guard, after)).toBe('passed')
    expect(fetches()).toBe(2)

    // Who has only wrong signatures causes one fetch a cooldown, as who has only unknown names.
    for (let count = 0; count < 100; count++) expect(await outcome(guard, before)).toBe('signature_invalid')
    expect(fetches()).toBe(2)
    now += 31_000
    as.health = 'down'
    expect(await outcome(guard, before)).toBe('signature_invalid')
    expect(await outcome(guard, after)).toBe('passed')
  })

  it('one that was taken away is refused at once when the clock is set back', async () => {
    const guard = guardOf()
    const pair = await generateKeyPair('ES256', { extractable: true })
    await guard(request(await fresh()))
    as.keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k2', alg: 'ES256' }]
    now -= 60 * MINUTE
    expect(await outcome(guard, await fresh())).toBe('key_unknown')
    expect(fetches()).toBe(2)
  })

  it('are not used when the clock is set back and they cannot be fetched', async () => {
    const guard = guardOf()
    await guard(request(await fresh()))
    as.health = 'down'
    now -= 60 * MINUTE
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
    as.health = 'up'
    now += 31_000
    expect(await outcome(guard, await fresh())).toBe('passed')
  })

  it('one that was taken away is refused after its time', async () => {
    const guard = guardOf()
    const pair = await generateKeyPair('ES256', { extractable: true })
    const other = { ...(await exportJWK(pair.publicKey)), kid: 'k2', alg: 'ES256' }
    await guard(request(await fresh()))
    as.keys = [other]
    now += 9 * MINUTE
    expect(await outcome(guard, await fresh())).toBe('passed')
    now += 2 * MINUTE
    expect(await outcome(guard, await fresh())).toBe('key_unknown')
  })

  it('of several with one kid the one that fits is found', async () => {
    const wrong = await generateKeyPair('ES256', { extractable: true })
    const rsa = await generateKeyPair('RS256', { extractable: true })
    as.keys.unshift(
      { ...(await exportJWK(wrong.publicKey)), kid: 'k1' },
      { ...(await exportJWK(rsa.publicKey)), kid: 'k1' },
      { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'k1' },
    )
    expect(await outcome(guardOf(), await fresh())).toBe('passed')
  })

  it.each([
    ['is for encryption', { use: 'enc' }],
    ['may only sign', { key_ops: ['sign'] }],
    ['is for another algorithm', { alg: 'ES384' }],
    ['is of another curve', { crv: 'P-384' }],
    ['is no point', { x: 'AAAA' }],
  ])('VAL-04: one that %s does not count', async (_, change) => {
    as.keys = as.keys.map((jwk) => ({ ...jwk, ...change }))
    expect(await outcome(guardOf(), await fresh())).toBe('key_unknown')
  })

  it('one may have `null` for what it does not say, as some servers write it', async () => {
    const nothing = { use: null, alg: null, key_ops: null, x5c: null, n: null, e: null, d: null }
    as.keys = as.keys.map((jwk) => ({ ...jwk, ...nothing }) as never)
    expect(await outcome(guardOf(), await fresh())).toBe('passed')
    const rsa = await generateKeyPair('RS256', { extractable: true })
    as.keys = [
      { ...(await exportJWK(rsa.publicKey)), crv: null, x: null, y: null, use: null, alg: null, kid: 'k1' } as never,
    ]
    const token = await as.sign(goodClaims(), { alg: 'RS256' }, rsa.privateKey)
    expect(await outcome(guardOf(), token)).toBe('passed')
  })

  it('VAL-04: an RSA key of 1024 bit does not count, one of 2048 does', async () => {
    for (const [modulusLength, padding, expected] of [
      [1024, 0, 'key_unknown'],
      // The same number, made to look long.
      [1024, 200, 'key_unknown'],
      [2048, 0, 'passed'],
    ] as const) {
      const { publicKey, privateKey } = await crypto.subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) },
        true,
        ['sign', 'verify'],
      )
      const { n = '', ...rest } = await exportJWK(publicKey)
      const modulus = Buffer.concat([Buffer.alloc(padding), Buffer.from(n, 'base64url')])
      as.keys = [{ ...rest, n: modulus.toString('base64url'), kid: 'r' }]
      // jose refuses to sign with the small one.
      const [head, body] = [{ alg: 'RS256', kid: 'r', typ: 'at+jwt' }, goodClaims()].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(`${head}.${body}`))
      const token = `${head}.${body}.${Buffer.from(signature).toString('base64url')}`
      expect(await outcome(guardOf(), token)).toBe(expected)
    }
  })

  it.each([
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com' } })],
    ['10 MiB', () => new Response(`{"keys":[]${' '.repeat(10 * 2 ** 20)}}`)],
    ['no JSON', () => new Response('<html>')],
    ['a list', () => Response.json([])],
    ['no keys', () => Response.json({})],
    ['keys that are no list', () => Response.json({ keys: 'x' })],
  ])('%s is no answer: 503', async (_, answer) => {
    const guard = guardOf({
      fetch: (input, init) => (String(input).endsWith('/jwks') ? Promise.resolve(answer()) : as.fetch(input, init)),
    })
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
  })

  it('a hundred with their certificates are read, and of ten times as many it is said that they are too many', async () => {
    // Three certificates of keys of 4096 bit, as a server behind an authority of its own publishes them.
    const x5c = Array(3).fill('M'.repeat(2_000))
    const others = (count: number) =>
      Array.from({ length: count }, (_, kid) => ({ kty: 'RSA', kid: `${kid}`, e: 'AQAB', n: 'v'.repeat(683), x5c }))
    const [own] = as.keys
    as.keys = [...others(99), own as never]
    expect(await outcome(guardOf(), await fresh())).toBe('passed')
    as.keys = [...others(999), own as never]
    await expect(guardOf()(request(await fresh()))).rejects.toMatchObject({
      ...{ reason: 'keys_unavailable', detail: expect.stringContaining('more than 1048576 characters') },
    })
  })

  it('a server that does not answer is given up in time: 503', async () => {
    const guard = guardOf({
      keys: { timeout: 20 },
      fetch: (input, init) =>
        String(input).endsWith('/jwks')
          ? new Promise((_, no) => init?.signal?.addEventListener('abort', () => no(new Error())))
          : as.fetch(input, init),
    })
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
  })

  it('entries that are no keys are passed over', async () => {
    as.keys.unshift(null as never, 'x' as never, {} as never)
    expect(await outcome(guardOf(), await fresh())).toBe('passed')
  })

  it('metadata of another spelling of the issuer is none', async () => {
    const guard = guardOf({
      fetch: async (input, init) =>
        String(input).includes('.well-known')
          ? Response.json({ issuer: `${as.issuer}/`, jwks_uri: `${as.issuer}/jwks` })
          : as.fetch(input, init),
    })
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
  })

  it('RFC 8414: metadata are also looked for where OAuth has them', async () => {
    const issuer = 'https://as.example.com/tenant'
    const tenant = await testIssuer(issuer)
    const asked: string[] = []
    const guard = createGuard({
      ...{ issuer, audience: AUDIENCE, now: () => now },
      async fetch(input) {
        asked.push(String(input))
        if (String(input) === 'https://as.example.com/.well-known/oauth-authorization-server/tenant')
          return Response.json({ issuer, jwks_uri: `${issuer}/jwks` })
        return String(input) === `${issuer}/jwks` ? tenant.fetch(input) : new Response(null, { status: 404 })
      },
    })
    await guard(request(await tenant.accessToken()))
    expect(asked[0]).toBe(`${issuer}/.well-known/openid-configuration`)
  })

  it('a jwksUri that is given needs no metadata', async () => {
    const guard = guardOf({ issuer: { issuer: as.issuer, jwksUri: `${as.issuer}/jwks` } })
    await guard(request(await fresh()))
    expect(as.requests).toEqual([`${as.issuer}/jwks`])
  })
})

describe('VAL-17: while the issuer is down', () => {
  it.each(['down', 500] as const)(
    'known keys go on for the grace, unknown ones are 503, and it recovers (%s)',
    async (health) => {
      const guard = guardOf()
      await guard(request(await fresh()))
      as.health = health
      for (let minute = 0; minute < 69; minute++) {
        now += MINUTE
        expect(await outcome(guard, await fresh())).toBe('passed')
        expect(await outcome(guard, await fresh({ kid: 'unknown' }))).toBe('keys_unavailable')
      }
      now += 2 * MINUTE
      expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
      // Nobody is asked more than twice a minute.
      expect(fetches()).toBeLessThan(2 * 72)
      as.health = 'up'
      now += 31_000
      expect(await outcome(guard, await fresh())).toBe('passed')
    },
  )

  it('without grace known keys end with their time', async () => {
    const guard = guardOf({ keys: { staleFor: 0 } })
    await guard(request(await fresh()))
    as.health = 'down'
    now += 11 * MINUTE
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
  })

  it('a first request is 503, and the next after the cooldown works', async () => {
    as.health = 'down'
    const guard = guardOf()
    const refusal = await guard(request(await fresh())).catch((error) => error)
    expect([refusal.status, refusal.headers['retry-after'], refusal.wwwAuthenticate]).toEqual([503, '5', undefined])
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
    as.health = 'up'
    expect(await outcome(guard, await fresh())).toBe('keys_unavailable')
    now += 31_000
    expect(await outcome(guard, await fresh())).toBe('passed')
  })
})

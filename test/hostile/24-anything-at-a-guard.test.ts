import fc from 'fast-check'
import { base64url } from 'jose'
import { describe, expect, it } from 'vitest'
import { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { normalizedHtu } from '../../src/resource-server/htu.ts'
import { readJwt } from '../../src/resource-server/strict-jwt.ts'
import { AUDIENCE, goodClaims, NOW, rawJwt, testIssuer } from '../resource-server/test-issuer.ts'
import { expectLinearTime } from '../support/linear-time.ts'

const as = await testIssuer()
const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW, dpop: {} })
const logout = createBackchannelLogout({
  issuer: as.issuer,
  clientId: 'spa',
  fetch: as.fetch,
  now: () => NOW,
  endSessions: () => expect.fail(),
})

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom(...'.=-_~+/ ,"\\eyJhbGciOiJub25lIn0\r\n\t'), maxLength: 300 }),
)
const json = fc.jsonValue({ maxDepth: 4 })
const jwt = fc.oneof(
  fc.tuple(json, json).map(([header, claims]) => rawJwt(header, claims)),
  fc
    .tuple(
      fc.constant({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }),
      fc.dictionary(fc.constantFrom('iss', 'aud', 'exp', 'iat', 'sub', 'cnf', 'jti', 'scope'), json),
    )
    .map(([header, claims]) => rawJwt(header, { ...goodClaims(), ...claims })),
)
const hostile = fc.oneof(text, jwt)
const fields = fc.record(
  {
    authorization: fc.oneof(
      text,
      hostile.map((one) => `Bearer ${one}`),
      hostile.map((one) => `DPoP ${one}`),
    ),
    dpop: hostile,
  },
  { requiredKeys: [] },
)

describe('whatever comes in', () => {
  it('the guard passes nothing and throws nothing else than its own error', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fc.oneof(fc.webUrl(), text), async (headers, url) => {
        const error = await guard({ method: 'GET', url, headers }).then(
          () => expect.fail('it passed'),
          (thrown) => thrown,
        )
        expect(error).toBeInstanceOf(AccessTokenError)
        expect(error.wwwAuthenticate ?? '').toMatch(/^[\x20-\x7e]*$/)
      }),
      { numRuns: 3_000 },
    )
  })

  it('the logout endpoint answers 400 and does nothing', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (token) => {
        const body = new URLSearchParams({ logout_token: token })
        const response = await logout(new Request('https://app.example.com/', { method: 'POST', body }))
        expect(response.status).toBe(400)
      }),
      { numRuns: 1_000 },
    )
  })

  it('the readers throw nothing', () => {
    fc.assert(
      fc.property(hostile, (token) => {
        readJwt(token)
        normalizedHtu(token)
      }),
      { numRuns: 5_000 },
    )
  })

  it('a JSON object that repeats a member is no JWT, however deep and however spelt; any other is what JSON.parse says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.boolean(), (claims, spaced) => {
        const written = JSON.stringify(claims, null, spaced ? 1 : 0)
        const read = (body: string) => readJwt(`${base64url.encode('{}')}.${base64url.encode(body)}.c2ln`)?.claims
        expect(read(written)).toEqual(JSON.parse(written))
        for (const name of Object.keys(claims).slice(0, 2)) {
          const escaped = JSON.stringify(name).replace(/[a-z]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
          for (const again of [JSON.stringify(name), escaped])
            expect(read(`{"x":{"y":[{${again}:1,${written.trim().slice(1)}]}}`)).toBeUndefined()
        }
      }),
    )
  })

  it('takes no longer than in proportion to its length', async () => {
    const shapes: ((n: number) => string)[] = [
      (n) => 'e'.repeat(n),
      (n) => `ey${'.'.repeat(n)}`,
      (n) => `ey${'-'.repeat(n)}.${'_'.repeat(n)}`,
      (n) => rawJwt({ alg: 'ES256' }, '['.repeat(n)),
      (n) => rawJwt({ alg: 'ES256' }, `{"a":"${'\\"'.repeat(n)}`),
      (n) => rawJwt({ alg: 'ES256' }, `{${'"a":1,'.repeat(n)}"a":1}`),
      (n) => `${' '.repeat(n)}x`,
      (n) => ',Bearer '.repeat(n),
      (n) => ',a'.repeat(n),
    ]
    for (const shape of shapes) {
      await expectLinearTime(200_000, (size) => {
        const headers = { authorization: `Bearer ${shape(size)}`, dpop: shape(size) }
        return guard({ method: 'GET', url: AUDIENCE, headers }).catch(() => {})
      })
    }
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import type { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import type { Decision } from '../../src/resource-server/decision.ts'
import type { GuardOptions } from '../../src/resource-server/guard.ts'
import { goodClaims, rawJwt, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

let as: TestIssuer

beforeAll(async () => {
  as = await testIssuer()
})

/** All that the caller gets. */
async function sent(error: AccessTokenError): Promise<string> {
  const response = error.toResponse()
  return JSON.stringify([[...response.headers], await response.text(), error.message])
}

describe('a refusal tells the operator what was found and what was wanted, and the caller nothing of it', () => {
  it.each([
    [
      'audience_mismatch',
      { aud: 'https://other.example.com/' },
      {},
      ['"https://other.example.com/"', 'option audience'],
    ],
    ['audience_mismatch', { aud: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, {}, ['"a", "b"', 'and 2 more']],
    ['type_wrong', {}, { typ: 'JWT' }, ['"JWT"', 'at+jwt', 'option types']],
    ['claim_missing', { jti: undefined }, {}, ['wanted jti', 'option claims.id']],
    ['claim_missing', { client_id: undefined, cid: 'x' }, {}, ['wanted client_id', 'has cid', 'okta.api']],
    [
      'issuer_unknown',
      { iss: 'https://as.example.com/' },
      {},
      ['"https://as.example.com/"', '"https://as.example.com"', 'slash'],
    ],
    ['algorithm_not_allowed', {}, { alg: 'HS256' }, ['"HS256"', 'option algorithms']],
  ] as const)('%s: %j %j', async (reason, claims, header, words) => {
    const told: Decision[] = []
    const api = guardedApi(as, { realm: 'notes', onDecision: (decision) => told.push(decision) })
    const unsigned = rawJwt({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' }, goodClaims())
    const refused = await api.refusal('alg' in header ? unsigned : await as.accessToken(claims, header))
    expect(refused.reason).toBe(reason)
    for (const word of words) {
      expect(refused.detail).toContain(word)
      expect(await sent(refused)).not.toContain(word)
    }
    expect(told).toMatchObject([{ detail: refused.detail }])
  })

  it('and what strangers write into a token cannot drive a terminal or fill a log', async () => {
    const evil = `\u001b[31m\r\nfake: line "quoted" \\ ${'x'.repeat(5_000)}`
    const deep = JSON.parse(`${'['.repeat(3_000)}1${']'.repeat(3_000)}`)
    for (const value of [evil, [evil, evil], deep, { a: evil }, null, 7]) {
      const typ = rawJwt({ alg: 'ES256', kid: 'k1', typ: value }, goodClaims())
      const iss = rawJwt({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }, { ...goodClaims(), iss: value })
      for (const token of [typ, iss]) {
        const { detail = '', status } = await guardedApi(as).refusal(token)
        expect([status, detail]).toEqual([401, expect.stringMatching(/^[ -~]{5,400}$/)])
      }
    }
  })
})

describe('keys that cannot be had', () => {
  const issuer = 'https://as.example.com'
  const found = () => Response.json({ issuer, jwks_uri: `${issuer}/jwks` })
  const redirect = () => new Response(null, { status: 301, headers: { location: '/the-secret/' } })
  const gone = () => new Response('the-secret', { status: 404 })
  const offline = () => Promise.reject(Object.assign(new TypeError('the-secret'), { cause: { code: 'ECONNREFUSED' } }))
  const late = () => Promise.reject(new DOMException('the-secret', 'TimeoutError'))

  type Answer = () => Response | Promise<Response>
  const cases: readonly (readonly [string, Answer, Answer, RegExp])[] = [
    [
      'a path that wants a slash',
      redirect,
      gone,
      /no jwks_uri of the issuer: openid-configuration answered 301: redirects/,
    ],
    ['a wrong path', gone, gone, /oauth-authorization-server answered 404: it is not there; issuer\.issuer/],
    [
      'another spelling of the issuer',
      () => Response.json({ issuer: `${issuer}/`, jwks_uri: 'x' }),
      gone,
      /says issuer "https:\/\/[^"]+\/", not "https:\/\/[^"]+[^/]"/,
    ],
    ['metadata without keys', () => Response.json({ issuer }), gone, /openid-configuration names no https jwks_uri/],
    ['no network', offline, gone, /openid-configuration could not be reached \("ECONNREFUSED"\)/],
    ['no answer', late, gone, /openid-configuration did not answer within \d+ ms/],
    ['a page in place of metadata', () => new Response('the-secret'), gone, /200 with "text\/plain[^"]*" in place of/],
    [
      'a wrong place of the keys',
      found,
      gone,
      /^the key set answered 404: it is not there; issuer\.issuer, issuer\.jwksUri$/,
    ],
    ['keys that are none', found, () => Response.json({}), /^the key set has no list of keys/],
    ['an outage', found, () => new Response(null, { status: 500 }), /^the key set answered 500; issuer/],
  ]

  it.each(cases)('are told apart: %s', async (_, metadata, other, detail) => {
    const fetch: GuardOptions['fetch'] = async (url) => (String(url).includes('openid') ? metadata() : other())
    const api = guardedApi(as, { issuer, fetch })
    for (const time of ['the first time', 'while it rests']) {
      const refused = await api.refusal(await as.accessToken())
      const told = [time, refused.reason, refused.detail]
      expect(told).toEqual([time, 'keys_unavailable', expect.stringMatching(detail)])
      expect(refused.detail).not.toContain('the-secret')
    }
  })
})

describe('a failed introspection says of what kind it was', () => {
  const endpoint = 'https://as.example.com/introspect'
  const introspection = { clientId: 'api', clientSecret: 'the-secret', endpoint }
  const apiOf = (fetch: GuardOptions['fetch'] & {}, change: Partial<typeof introspection> | object = {}) =>
    guardedApi(as, { issuer: { issuer: as.issuer, introspection: { ...introspection, ...change } }, fetch })
  const html = () => new Response('<html>the-secret</html>', { headers: { 'content-type': 'text/html' } })

  it.each([
    ['a wrong secret', () => new Response(null, { status: 401 }), /answered 401.*introspection\.clientSecret/],
    ['a client that may not ask', () => new Response(null, { status: 403 }), /answered 403.*introspection\.clientId/],
    ['a wrong place', () => new Response(null, { status: 404 }), /answered 404.*introspection\.endpoint/],
    ['a page in place of an answer', html, /answered 200 with "text\/html".*introspection\.endpoint/],
    ['a list', () => Response.json([]), /answered 200 with "application\/json"/],
    ['a redirect', () => new Response(null, { status: 302 }), /answered 302.*redirects are not followed/],
    ['an outage', () => new Response(null, { status: 500 }), /answered 500$/],
  ] as const)('%s', async (_, answer, detail) => {
    const refused = await apiOf(async () => answer()).refusal('opaque-token')
    expect([refused.reason, refused.detail]).toEqual(['introspection_unavailable', expect.stringMatching(detail)])
    for (const secret of ['the-secret', 'opaque-token', endpoint]) expect(refused.detail).not.toContain(secret)
  })

  it('no network, no time, no metadata, no secret', async () => {
    const code = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
    const rejecting = (error: unknown) => () => Promise.reject(error)
    const detailOf = async (api: ReturnType<typeof apiOf>) => (await api.refusal('opaque')).detail
    expect(await detailOf(apiOf(rejecting(code)))).toContain('could not be reached ("ECONNREFUSED")')
    expect(await detailOf(apiOf(rejecting(new DOMException('', 'TimeoutError'))))).toContain('within 2000 ms')
    expect(await detailOf(apiOf(rejecting(code), { endpoint: undefined }))).toContain('introspection_endpoint')
    const clientSecret = () => Promise.reject(new Error('the-secret'))
    expect(await detailOf(apiOf(async () => html(), { clientSecret }))).toBe('introspection.clientSecret threw')
  })
})

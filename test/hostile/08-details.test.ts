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

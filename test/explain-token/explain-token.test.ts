import { describe, expect, it } from 'vitest'
import { explainToken } from '../../src/explain-token/explain-token.ts'

const NOW = 1_800_000_000_000
const SECONDS = NOW / 1_000

const jwt = (claims: object, header: object = { alg: 'ES256', typ: 'at+jwt' }) =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.c2ln`
const claims = { iss: 'https://as.example.com', aud: 'https://api.example.com/', exp: SECONDS + 60, iat: SECONDS - 60 }
const known = { audience: claims.aud, issuer: claims.iss, now: NOW }

describe('a token', () => {
  it.each([
    ['a good access token', jwt(claims), 'access_token', 'none', 'none'],
    ['the value of an Authorization field', `Bearer ${jwt(claims)}`, 'access_token', 'none', 'none'],
    ['an expired one', jwt({ ...claims, exp: SECONDS - 180 }), 'access_token', 'expired', 'refresh'],
    ['one of the future', jwt({ ...claims, iat: SECONDS + 600 }), 'access_token', 'not_yet_valid', 'fix_clock'],
    ['one that counts later', jwt({ ...claims, nbf: SECONDS + 600 }), 'access_token', 'not_yet_valid', 'fix_clock'],
    ['one for another API', jwt({ ...claims, aud: ['a', 'b'] }), 'access_token', 'wrong_audience', 'fix_audience'],
    ['one for nobody', jwt({ ...claims, aud: undefined }), 'access_token', 'wrong_audience', 'fix_audience'],
    ['one of another issuer', jwt({ ...claims, iss: `${claims.iss}/` }), 'access_token', 'wrong_issuer', 'fix_issuer'],
    ['one nobody signed', jwt(claims, { alg: 'none' }), 'jwt', 'unsigned', 'sign_in'],
    ['an ID token', jwt({ ...claims, nonce: 'n' }, { alg: 'ES256' }), 'id_token', 'not_an_access_token', 'send_token'],
    [
      'a logout token',
      jwt(claims, { alg: 'ES256', typ: 'logout+jwt' }),
      'logout_token',
      'not_an_access_token',
      'send_token',
    ],
    ['a proof', jwt({}, { alg: 'ES256', typ: 'dpop+jwt' }), 'dpop_proof', 'wrong_issuer', 'fix_issuer'],
    ['a JWT without a type', jwt(claims, { alg: 'ES256' }), 'jwt', 'none', 'none'],
    [
      'an access token of an old Keycloak, with a nonce',
      jwt({ ...claims, typ: 'Bearer', nonce: 'n' }, { alg: 'ES256', typ: 'JWT' }),
      'access_token',
      'none',
      'none',
    ],
    [
      'an access token of authentik, with a nonce',
      jwt({ ...claims, azp: 'spa', uid: 'u', nonce: 'n' }, { alg: 'ES256', typ: 'JWT' }),
      'access_token',
      'none',
      'none',
    ],
    [
      'an ID token of a Keycloak that puts a uid into it',
      jwt({ ...claims, azp: 'spa', uid: 'u', nonce: 'n', typ: 'ID' }, { alg: 'ES256', typ: 'JWT' }),
      'id_token',
      'not_an_access_token',
      'send_token',
    ],
    [
      'an ID token with a uid and a hash of the access token',
      jwt({ ...claims, azp: 'spa', uid: 'u', nonce: 'n', at_hash: 'h' }, { alg: 'ES256', typ: 'JWT' }),
      'id_token',
      'not_an_access_token',
      'send_token',
    ],
    [
      'an access token of Okta',
      jwt({ ...claims, cid: 'spa', scp: ['notes'] }, { alg: 'ES256' }),
      'access_token',
      'none',
      'none',
    ],
    [
      'an ID token of Cognito',
      jwt({ ...claims, token_use: 'id' }, { alg: 'ES256' }),
      'id_token',
      'not_an_access_token',
      'send_token',
    ],
    ['something else', 'opaque', 'opaque', 'none', 'none'],
  ])('%s', (_, token, kind, problem, action) => {
    expect(explainToken(token, known)).toMatchObject({ kind, problem, action })
  })

  it('is not judged by what is not known', () => {
    expect(explainToken(jwt({ ...claims, exp: 1, aud: 'x', iss: 'y' }))).toMatchObject({ problem: 'none' })
  })

  it('tells what it says, in words as well, and never itself', () => {
    const token = jwt({ ...claims, exp: SECONDS - 180 })
    const told = explainToken(token, known)
    expect(told).toMatchObject({ issuer: claims.iss, audience: [claims.aud], expiresAt: NOW - 180_000 })
    expect(told.text).toBe('It expired 3 min ago.')
    expect(JSON.stringify(told)).not.toContain(token.slice(0, 20))
  })
})

describe('an answer', () => {
  const answer = (status: number, challenge?: string) =>
    explainToken(new Response(null, { status, ...(challenge && { headers: { 'www-authenticate': challenge } }) }))

  it.each([
    [401, 'Bearer realm="x"', 'token_missing', 'send_token'],
    [401, 'Bearer error="invalid_token"', 'token_refused', 'refresh'],
    [401, 'Bearer error="invalid_token", reason="expired"', 'expired', 'refresh'],
    [401, 'Bearer error="invalid_token", reason="revoked"', 'revoked', 'refresh'],
    [401, 'Bearer error="invalid_token", reason="session_ended"', 'session_ended', 'refresh'],
    [401, 'Bearer error="invalid_token", reason="not_yet_valid"', 'not_yet_valid', 'wait'],
    [401, 'Bearer error="invalid_token", reason="constructor"', 'token_refused', 'refresh'],
    [400, 'Bearer error="invalid_request"', 'request_malformed', 'fix_request'],
    [403, 'Bearer error="insufficient_scope", scope="admin"', 'scope_missing', 'ask_for_scope'],
    [401, 'Bearer error="insufficient_user_authentication"', 'step_up_required', 'step_up'],
    [401, 'DPoP error="use_dpop_nonce"', 'nonce_required', 'retry_with_nonce'],
    [401, 'Bearer realm="x", DPoP error="invalid_dpop_proof"', 'proof_refused', 'send_proof'],
    [401, 'Basic realm="x"', 'token_refused', 'refresh'],
    [401, undefined, 'token_refused', 'refresh'],
    [503, undefined, 'server_unavailable', 'try_later'],
    [404, undefined, 'none', 'none'],
    [200, undefined, 'none', 'none'],
  ] as const)('%i %s → %s, %s', (status, challenge, problem, action) => {
    expect(answer(status, challenge)).toMatchObject({ problem, action })
  })

  it('names the scope that is missing', () => {
    expect(answer(403, 'Bearer error="insufficient_scope", scope="admin"').scope).toBe('admin')
  })
})

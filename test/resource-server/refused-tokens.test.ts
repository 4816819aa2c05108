import { base64url, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { AccessTokenError, type AccessTokenErrorReason } from '../../src/resource-server/access-token-error.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import type { AccessPolicy } from '../../src/resource-server/policy.ts'
import { AUDIENCE, goodClaims, NOW, rawJwt, request, SECONDS, type TestIssuer, testIssuer } from './test-issuer.ts'

let as: TestIssuer
let other: TestIssuer
let guard: ReturnType<typeof createGuard>

beforeAll(async () => {
  as = await testIssuer()
  other = await testIssuer('https://other.example.com')
  guard = guardOf()
})

function guardOf() {
  return createGuard({
    issuer: [as.issuer, other.issuer],
    audience: AUDIENCE,
    fetch: (input, init) => (String(input).startsWith(as.issuer) ? as : other).fetch(input, init),
    now: () => NOW,
  })
}

type Case = readonly [name: string, reason: AccessTokenErrorReason, make: () => Promise<string> | string]

const claims = (change: Record<string, unknown>) => () => as.accessToken(change)
const without = (name: string) => () => {
  const { [name]: _, ...rest } = goodClaims()
  return as.sign(rest)
}
const header = (change: Record<string, unknown>) => () => as.accessToken({}, change)
/** Changes a good token's text. */
const text = (change: (parts: [string, string, string]) => string) => async () =>
  change((await as.accessToken()).split('.') as [string, string, string])
/** Header and claims as they are written; what cannot be read is refused before anyone looks at the signature. */
const unreadable = (head: string, payload: string) => () => rawJwt(head, payload)
const flip = (part: string, index: number) =>
  `${part.slice(0, index)}${part[index] === 'A' ? 'B' : 'A'}${part.slice(index + 1)}`

const goodHeader = '{"alg":"ES256","kid":"k1","typ":"at+jwt"}'
const body = () => JSON.stringify(goodClaims())

const cases: Case[] = [
  // VAL-03: it is no access token
  ...[
    'JWT',
    'jwt',
    'id+jwt',
    'logout+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'at-jwt',
    'at+jwt ',
    '',
    'application/jwt',
  ].map((typ): Case => [`VAL-03: typ "${typ}"`, 'type_wrong', header({ typ })]),
  ['VAL-03: no typ', 'type_wrong', header({ typ: undefined })],
  [
    'VAL-03: an ID token of the same issuer and audience',
    'type_wrong',
    () => as.accessToken({ nonce: 'n' }, { typ: 'JWT' }),
  ],
  // VAL-04: the algorithm
  ...[
    'none',
    'NonE',
    'NONE',
    'HS256',
    'HS384',
    'HS512',
    'es256',
    'ES256K',
    'RSA-OAEP',
    'A256GCM',
    '__proto__',
    'constructor',
    '',
  ].map(
    (alg): Case => [
      `VAL-04: alg "${alg}"`,
      'algorithm_not_allowed',
      () => rawJwt({ alg, kid: 'k1', typ: 'at+jwt' }, goodClaims()),
    ],
  ),
  ['VAL-04: no alg', 'malformed', () => rawJwt({ kid: 'k1', typ: 'at+jwt' }, goodClaims())],
  ['VAL-04: alg is a number', 'malformed', () => rawJwt({ alg: 256, kid: 'k1', typ: 'at+jwt' }, goodClaims())],
  ...['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS384', 'RS512', 'PS384', 'PS512'].map(
    (alg): Case => [
      `VAL-04: alg ${alg} with a P-256 key`,
      'key_unknown',
      () => rawJwt({ alg, kid: 'k1', typ: 'at+jwt' }, goodClaims()),
    ],
  ),
  [
    'VAL-04: HS256 with the public key as the secret',
    'algorithm_not_allowed',
    () =>
      new SignJWT(goodClaims())
        .setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })
        .sign(new TextEncoder().encode(JSON.stringify(as.keys[0]))),
  ],
  // VAL-05: whose key
  ['VAL-05: its own key in the header', 'signature_invalid', () => ownKey('jwk')],
  ['VAL-05: its own key with a jku', 'signature_invalid', () => ownKey('jku')],
  ['VAL-05: its own key with an x5u', 'signature_invalid', () => ownKey('x5u')],
  ...['k2', '../../etc/passwd', '__proto__', 'constructor', '', "k1' OR '1'='1", 'k1\u0000', 'K1'].map(
    (kid): Case => [`VAL-05: kid ${JSON.stringify(kid)}`, 'key_unknown', header({ kid })],
  ),
  ['VAL-05: kid is a number', 'malformed', () => rawJwt({ alg: 'ES256', kid: 1, typ: 'at+jwt' }, goodClaims())],
  ['VAL-05: kid is an object', 'malformed', () => rawJwt({ alg: 'ES256', kid: {}, typ: 'at+jwt' }, goodClaims())],
  // VAL-06: strict reading
  [
    'VAL-06: crit with an unknown name',
    'malformed',
    () => rawJwt({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', crit: ['x'] }, goodClaims()),
  ],
  [
    'VAL-06: crit is empty',
    'malformed',
    () => rawJwt({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', crit: [] }, goodClaims()),
  ],
  [
    'VAL-06: b64 false',
    'malformed',
    () => rawJwt({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', b64: false, crit: ['b64'] }, goodClaims()),
  ],
  ['VAL-06: two aud', 'malformed', unreadable(goodHeader, `{"aud":"x",${body().slice(1)}`)],
  ['VAL-06: two aud, one with an escape', 'malformed', unreadable(goodHeader, `{"\\u0061ud":"x",${body().slice(1)}`)],
  [
    'VAL-06: two members in a nested object',
    'malformed',
    unreadable(goodHeader, `{"cnf":{"jkt":"a","jkt":"b"},${body().slice(1)}`),
  ],
  ['VAL-06: two alg', 'malformed', unreadable(`{"alg":"none",${goodHeader.slice(1)}`, body())],
  ['VAL-06: claims are a list', 'malformed', unreadable(goodHeader, '[]')],
  ['VAL-06: claims are a string', 'malformed', unreadable(goodHeader, '"x"')],
  ['VAL-06: claims are null', 'malformed', unreadable(goodHeader, 'null')],
  ['VAL-06: claims are no JSON', 'malformed', unreadable(goodHeader, '{')],
  ['VAL-06: claims are empty', 'malformed', unreadable(goodHeader, ' ')],
  ['VAL-06: claims with a byte order mark', 'malformed', unreadable(goodHeader, `\ufeff${body()}`)],
  ['VAL-06: header is a list', 'malformed', unreadable('[]', body())],
  ['VAL-06: header is a number', 'malformed', unreadable('123456', body())],
  [
    'VAL-06: claims that are no UTF-8',
    'malformed',
    () =>
      `${base64url.encode(goodHeader)}.${base64url.encode(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))}.c2ln`,
  ],
  [
    'VAL-06: another spelling of the signature',
    'malformed',
    text(([h, c, s]) => `${h}.${c}.${s.slice(0, -1)}${next(s.at(-1) as string)}`),
  ],
  ['VAL-06: a padded signature', 'malformed', text(([h, c, s]) => `${h}.${c}.${s}=`)],
  ['VAL-06: plain base64', 'malformed', text(([h, c, s]) => `${h}.${c}.${s.slice(0, -2)}+/`)],
  ['VAL-06: two parts', 'malformed', text(([h, c]) => `${h}.${c}`)],
  ['VAL-06: four parts', 'malformed', text(([h, c, s]) => `${h}.${c}.${s}.${s}`)],
  ['VAL-06: five parts, as an encrypted token has', 'malformed', text(([h, c, s]) => `${h}.${c}.${s}.${s}.${s}`)],
  ['VAL-06: an empty signature', 'malformed', text(([h, c]) => `${h}.${c}.`)],
  ['VAL-06: an empty payload', 'malformed', text(([h, , s]) => `${h}..${s}`)],
  ['VAL-06: an empty header', 'malformed', text(([, c, s]) => `.${c}.${s}`)],
  ['VAL-06: 20 000 characters', 'malformed', () => as.accessToken({ filler: 'x'.repeat(20_000) })],
  // the signature
  ['tampered with: the first character of the claims', 'malformed', text(([h, c, s]) => `${h}.${flip(c, 0)}.${s}`)],
  ...[0, 10, 40, 80].map(
    (index): Case => [
      `signature: character ${index} changed`,
      'signature_invalid',
      text(([h, c, s]) => `${h}.${c}.${flip(s, index)}`),
    ],
  ),
  ['signature: cut', 'signature_invalid', text(([h, c, s]) => `${h}.${c}.${s.slice(0, 84)}`)],
  [
    'signature: of another token',
    'signature_invalid',
    async () =>
      `${(await as.accessToken({ sub: 'admin' })).split('.').slice(0, 2).join('.')}.${(await as.accessToken()).split('.')[2]}`,
  ],
  ['signature: zeros', 'signature_invalid', text(([h, c]) => `${h}.${c}.${base64url.encode(new Uint8Array(64))}`)],
  [
    'signature: of another key with the same kid',
    'signature_invalid',
    async () => as.sign(goodClaims(), {}, (await generateKeyPair('ES256')).privateKey),
  ],
  [
    'signature: claims changed',
    'signature_invalid',
    async () => {
      const [h, , s] = (await as.accessToken()).split('.')
      return `${h}.${base64url.encode(JSON.stringify({ ...goodClaims(), scope: 'notes admin' }))}.${s}`
    },
  ],
  // VAL-07: the issuer
  ...[
    `https://as.example.com/`,
    'https://AS.example.com',
    'https://as.example.com.evil.com',
    'https://evil.com',
    'http://as.example.com',
    '',
    'https://as.example.com ',
    'https://as.example.com#',
  ].map((iss): Case => [`VAL-07: iss "${iss}"`, 'issuer_unknown', claims({ iss })]),
  ...[undefined, null, 1, ['https://as.example.com'], { a: 1 }, true].map(
    (iss): Case => [`VAL-07: iss is ${JSON.stringify(iss)}`, 'issuer_unknown', claims({ iss })],
  ),
  [
    "VAL-07: another issuer's token signed with our key",
    'signature_invalid',
    async () => other.sign(goodClaims(as.issuer)),
  ],
  [
    "VAL-07: our token signed for another issuer's name",
    'signature_invalid',
    async () => as.sign(goodClaims(other.issuer)),
  ],
  // VAL-08: the audience
  ...[
    'https://api.example.com',
    'https://api.example.com/notes',
    'https://other.example.com/',
    'api',
    '',
    'https://API.example.com/',
  ].map((aud): Case => [`VAL-08: aud "${aud}"`, 'audience_mismatch', claims({ aud })]),
  ['VAL-08: aud is a list without us', 'audience_mismatch', claims({ aud: ['https://a.example.com/', 'b'] })],
  ['VAL-08: aud is an empty list', 'audience_mismatch', claims({ aud: [] })],
  ['VAL-08: aud is a list with a number', 'audience_mismatch', claims({ aud: [AUDIENCE, 1] })],
  ['VAL-08: aud is an object', 'audience_mismatch', claims({ aud: { 0: AUDIENCE } })],
  ['VAL-08: aud is null', 'audience_mismatch', claims({ aud: null })],
  ['VAL-08: no aud', 'claim_missing', without('aud')],
  // VAL-09: time
  ['VAL-09: no exp', 'claim_missing', without('exp')],
  ['VAL-09: exp beyond the leeway', 'expired', claims({ exp: SECONDS - 61 })],
  ['VAL-09: exp at the end of the leeway', 'expired', claims({ exp: SECONDS - 60 })],
  ['VAL-09: exp long ago', 'expired', claims({ exp: 1 })],
  ['VAL-09: exp is 0', 'expired', claims({ exp: 0 })],
  ...['1699999999', 1e308, -1, null, true, [SECONDS + 300], {}].map(
    (exp): Case => [`VAL-09: exp is ${JSON.stringify(exp)}`, 'claim_invalid', claims({ exp })],
  ),
  ['VAL-09: nbf ahead', 'not_yet_valid', claims({ nbf: SECONDS + 61 })],
  ['VAL-09: iat ahead', 'not_yet_valid', claims({ iat: SECONDS + 61 })],
  ['VAL-09: iat an hour ahead', 'not_yet_valid', claims({ iat: SECONDS + 3_600 })],
  ...['x', null, -5, 1e300].map(
    (nbf): Case => [`VAL-09: nbf is ${JSON.stringify(nbf)}`, 'claim_invalid', claims({ nbf })],
  ),
  ...['x', null, -5, 1e300].map(
    (iat): Case => [`VAL-09: iat is ${JSON.stringify(iat)}`, 'claim_invalid', claims({ iat })],
  ),
  // VAL-10: what an access token says
  ...['sub', 'client_id', 'iat', 'jti'].map((name): Case => [`VAL-10: no ${name}`, 'claim_missing', without(name)]),
  ...['sub', 'client_id', 'jti', 'sid', 'acr'].flatMap((name) =>
    ['', 1, null, ['x'], {}].map(
      (value): Case => [`VAL-10: ${name} is ${JSON.stringify(value)}`, 'claim_invalid', claims({ [name]: value })],
    ),
  ),
  ...[1, {}, null, [1]].map(
    (scope): Case => [`VAL-11: scope is ${JSON.stringify(scope)}`, 'claim_invalid', claims({ scope })],
  ),
  ...['x', 1, null].map((cnf): Case => [`cnf is ${JSON.stringify(cnf)}`, 'claim_invalid', claims({ cnf })]),
  ['DPO-20: bound to a key and sent as Bearer', 'binding_mismatch', claims({ cnf: { jkt: 'x' } })],
  ['VAL-18: bound to a certificate', 'binding_mismatch', claims({ cnf: { 'x5t#S256': 'x' } })],
  ['bound to something unknown', 'binding_mismatch', claims({ cnf: { kid: 'x' } })],
  // no JWT and no introspection
  ['an opaque token', 'malformed', () => 'abcdef0123456789'],
  ['three dots', 'malformed', () => 'a.b.c'],
]

function next(last: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(last) ^ 1] as string
}

async function ownKey(member: 'jwk' | 'jku' | 'x5u'): Promise<string> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const value: JWK | string = member === 'jwk' ? await exportJWK(pair.publicKey) : 'https://evil.example.com/keys'
  return as.sign(goodClaims(), { [member]: value }, pair.privateKey)
}

async function refusal(token: string, policy?: AccessPolicy): Promise<AccessTokenError> {
  return guard(request(token), policy).then(
    () => expect.fail('it passed'),
    (error) => error,
  )
}

describe('a bad token', () => {
  it.each(cases)('%s → %s', async (_, reason, make) => {
    const error = await refusal(await make())
    expect(error).toBeInstanceOf(AccessTokenError)
    expect([error.reason, error.status, error.error]).toEqual([reason, 401, 'invalid_token'])
    expect(error.wwwAuthenticate).toMatch(/^Bearer realm="https:\/\/api\.example\.com\/", error="invalid_token"/)
    // Only what a verified token's owner can act on is told.
    expect(/ reason="/.test(error.wwwAuthenticate ?? '')).toBe(['expired', 'not_yet_valid'].includes(reason))
  })

  it('VAL-05: makes no request but for the keys of its issuer', () => {
    const hosts = [...as.requests, ...other.requests].map((url) => new URL(url).host)
    expect(new Set(hosts)).toEqual(new Set(['as.example.com', 'other.example.com']))
  })

  it('passes where nothing is wrong', async () => {
    expect(await guard(request(await as.accessToken()))).toMatchObject({ sub: 'person' })
    expect(await guard(request(await other.accessToken()))).toMatchObject({ iss: 'https://other.example.com' })
  })

  it.each([
    ['VAL-03: typ application/at+jwt', header({ typ: 'application/at+jwt' })],
    ['VAL-03: typ AT+JWT', header({ typ: 'AT+JWT' })],
    ['VAL-08: aud is a list with us', claims({ aud: ['x', AUDIENCE] })],
    ['VAL-09: exp within the leeway', claims({ exp: SECONDS - 59 })],
    ['VAL-09: iat and nbf a little ahead', claims({ iat: SECONDS + 10, nbf: SECONDS + 10 })],
    ['VAL-05: a jwk in the header that is ignored', header({ jwk: { kty: 'EC' } })],
    ['no kid', header({ kid: undefined })],
  ] as const)('%s is none', async (_, make) => {
    await expect(guard(request(await make()))).resolves.toMatchObject({ sub: 'person' })
  })

  it('there are at least 150 of them', () => expect(cases.length).toBeGreaterThanOrEqual(150))
})

import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { auth0, cognito, entra, keycloak, okta, supabase } from '../../src/providers/index.ts'
import { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { sha256 } from '../../src/resource-server/sha256.ts'
import { AUDIENCE, goodClaims, NOW, SECONDS } from '../resource-server/test-issuer.ts'

// Every member of everything that the guard reads, as each type that JSON has: what comes of it is a refusal that says why, and never an error of
// the language. `{ toString: 1 }` and its kin throw where they are made into a text.
const issuer = 'https://as.example.com'
const tenant = '11111111-2222-4333-8444-555555555555'
const values: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e300, '', ' ', 'x', 'x'.repeat(3_000), '\u0000', '__proto__'],
  ...[[], [null], [[]], ['x', 1], [{ toString: 1 }], {}, { toString: 1 }, { valueOf: 1, toString: null }],
  ...[{ length: 1 }, JSON.parse('{"then":1}'), JSON.parse('{"__proto__":1,"constructor":2}')],
]

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' }
const policy = { scope: 'notes', acrValues: ['x'], maxAge: 60_000, subject: 'user' } as const

/** What no library would sign. */
async function signed(head: unknown, claims: unknown): Promise<string> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(head)}.${part(claims)}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

/** Each member of `whole`, and some that nobody has, as each type. */
function* variants(whole: object, more: readonly string[] = []): Generator<readonly [string, object]> {
  for (const name of [...Object.keys(whole), ...more])
    for (const value of values) yield [`${name}: ${JSON.stringify(value)?.slice(0, 60)}`, { ...whole, [name]: value }]
}

const keysOnly = async () => Response.json({ keys: [jwk] })
const guardOf = (options: Partial<GuardOptions> = {}) =>
  createGuard({
    issuer: { issuer, jwksUri: `${issuer}/jwks` },
    audience: AUDIENCE,
    now: () => NOW,
    fetch: keysOnly,
    cacheLimit: 0,
    ...options,
  })
const fields = (token: string) => ({
  method: 'GET',
  url: `${AUDIENCE}notes`,
  headers: { authorization: `Bearer ${token}` },
})

/** Passes, or is refused for a reason that the operator can read; that the guard failed is neither. */
async function expectJudged(name: string, run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown) => thrown,
  )
  if (error === undefined) return 'passed'
  expect(error, name).toBeInstanceOf(AccessTokenError)
  const { reason, detail, wwwAuthenticate } = error as AccessTokenError
  expect([name, reason]).not.toEqual([name, 'guard_failed'])
  expect([name, detail ?? '']).toEqual([name, expect.stringMatching(/^[ -~]{2,}$/)])
  expect(wwwAuthenticate ?? '').toMatch(/^[ -~]*$/)
  return reason
}

const claimsOf = (issuer: string) => ({
  ...goodClaims(issuer),
  ...{ sid: 's', acr: 'x', auth_time: SECONDS, nbf: SECONDS, cnf: { jkt: 'x' }, azp: 'spa', uti: 'u', scp: 'notes' },
})
const strangers = [
  'nonce',
  'events',
  'at_hash',
  'gty',
  'idtyp',
  'preferred_username',
  'tid',
  '__proto__',
  'toString',
  'then',
]

describe('an access token', () => {
  const dialects: readonly (readonly [string, IssuerOptions, string | undefined])[] = [
    ['of RFC 9068', { issuer, jwksUri: `${issuer}/jwks` }, 'at+jwt'],
    ['of Auth0', auth0.api({ domain: 'example.auth0.com' }), 'JWT'],
    ['of Cognito', cognito.api({ region: 'eu-1', userPool: 'p' }), undefined],
    ['of Entra', entra.api({ tenant }), 'JWT'],
    ['of Keycloak', keycloak.api({ url: 'https://id.example.com', realm: 'main' }), 'JWT'],
    ['of Okta', okta.api({ domain: 'example.okta.com' }), undefined],
    ['of Supabase', supabase.api({ project: 'abc' }), 'JWT'],
    ['whose issuer has the client for its audience', { issuer, types: ['JWT'], claims: { audience: 'azp' } }, 'JWT'],
  ]

  it.each(dialects)('%s: every claim as every type', async (_, dialect, typ) => {
    const denylist = createDenylist({ now: () => NOW })
    const place = { issuer: dialect.issuer, before: NOW - 3_600_000 }
    await denylist.deny({ ...place, subject: 'somebody' }, { ...place, clientId: 'another' })
    const guard = guardOf({ issuer: { ...dialect, jwksUri: `${issuer}/jwks` }, denylist, dpop: {} })
    const outcomes = new Set<string>()
    const good = { ...claimsOf(dialect.issuer), cid: 'spa', username: 'anna', token_use: 'access', typ: 'Bearer' }
    for (const [name, claims] of variants(good, strangers)) {
      const token = await signed({ ...header, typ }, claims)
      outcomes.add(await expectJudged(name, guard(fields(token), policy)))
    }
    expect(outcomes.size).toBeGreaterThan(2)
  })

  it('every member of its header as every type', async () => {
    const guard = guardOf()
    for (const [name, head] of variants(header, [
      'crit',
      'jwk',
      'jku',
      'x5c',
      'x5u',
      'cty',
      'b64',
      'zip',
      'enc',
      '__proto__',
    ]))
      await expectJudged(name, guard(fields(await signed(head, claimsOf(issuer)))))
  })

  it('a header and claims that are no objects', async () => {
    const guard = guardOf()
    for (const value of values) {
      await expectJudged('header', guard(fields(await signed(value, claimsOf(issuer)))))
      await expectJudged('claims', guard(fields(await signed(header, value))))
    }
  })
})

describe('what an issuer publishes', () => {
  it.each(['pooled', 'immediate'] as const)('every member of a key as every type, %s', async (signatures) => {
    const token = await signed(header, goodClaims(issuer))
    for (const [name, key] of variants(jwk, ['key_ops', 'issuer', 'n', 'e', 'd', 'x5c', '__proto__'])) {
      const fetch = async () => Response.json({ keys: [null, 1, 'x', [], key] })
      await expectJudged(name, guardOf({ fetch, signatures })(fields(token)))
    }
  })

  it('every member of a set of keys, and of the metadata, as every type', async () => {
    const token = await signed(header, goodClaims(issuer))
    const metadata = { issuer, jwks_uri: `${issuer}/jwks` }
    for (const [name, body] of [...variants({ keys: [jwk] }), ...values.map((value) => ['all of it', value] as const)])
      await expectJudged(`keys, ${name}`, guardOf({ fetch: async () => Response.json(body) })(fields(token)))
    for (const [name, body] of variants(metadata, ['introspection_endpoint'])) {
      const fetch = async (url: unknown) => Response.json(String(url).includes('.well-known') ? body : { keys: [jwk] })
      await expectJudged(`metadata, ${name}`, guardOf({ issuer, fetch })(fields(token)))
    }
  })

  it('every member of an introspection answer as every type', async () => {
    const answer = { ...claimsOf(issuer), active: true, token_type: 'Bearer', username: 'anna', cnf: undefined }
    const bodies = [
      ...variants(answer, ['cnf', 'permissions', '__proto__']),
      ...values.map((one) => ['all', one] as const),
    ]
    for (const [name, body] of bodies) {
      const introspection = { endpoint: `${issuer}/introspect`, clientId: 'api', clientSecret: 's' }
      const guard = guardOf({ issuer: { issuer, introspection }, fetch: async () => Response.json(body), dpop: {} })
      await expectJudged(name, guard(fields('opaque'), policy))
    }
  })
})

it('a proof: every member of its header, its key and its claims as every type', async () => {
  const own = await exportJWK(publicKey)
  const thumbprint = await sha256(JSON.stringify({ crv: own.crv, kty: own.kty, x: own.x, y: own.y }))
  const token = await signed(header, { ...goodClaims(issuer), cnf: { jkt: thumbprint } })
  const guard = guardOf({ dpop: { nonce: {} } })
  const head = { alg: 'ES256', typ: 'dpop+jwt', jwk: own }
  const ath = await sha256(token)
  const claims = { jti: 'p', htm: 'GET', htu: `${AUDIENCE}notes`, iat: SECONDS, ath, nonce: 'n' }
  const proofs = [
    ...[...variants(head, ['crit', 'kid'])].map(([name, changed]) => [name, changed, claims] as const),
    ...[...variants(own, ['d', 'k', 'n', 'e'])].map(([name, jwk]) => [name, { ...head, jwk }, claims] as const),
    ...[...variants(claims, ['exp', '__proto__'])].map(([name, changed]) => [name, head, changed] as const),
  ]
  for (const [name, proofHead, proofClaims] of proofs) {
    const dpop = await signed(proofHead, proofClaims)
    const headers = { authorization: `DPoP ${token}`, dpop }
    const outcome = await expectJudged(name, guard({ method: 'GET', url: `${AUDIENCE}notes`, headers }))
    expect([name, outcome]).not.toEqual([name, 'passed'])
  }
})

it('a logout token: every member as every type, and the endpoint says what was wrong', async () => {
  const told: string[] = []
  const endpoint = createBackchannelLogout({
    issuer: {
      issuer,
      jwksUri: `${issuer}/jwks`,
      logout: { types: ['logout+jwt', 'JWT', undefined], withoutExpiry: true },
    },
    clientId: 'spa',
    denylist: createDenylist({ now: () => NOW }),
    onDecision: ({ outcome }) => told.push(outcome),
    fetch: keysOnly,
    now: () => NOW,
  })
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const claims = { iss: issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 60, jti: 'l', sub: 'u', sid: 's', events }
  const head = { ...header, typ: 'logout+jwt' }
  const tokens = [
    ...[...variants(head, ['crit', 'jwk'])].map(([name, changed]) => [name, changed, claims] as const),
    ...[...variants(claims, ['nonce', '__proto__'])].map(([name, changed]) => [name, head, changed] as const),
    ...[...variants(events)].map(([name, changed]) => [name, head, { ...claims, events: changed }] as const),
  ]
  for (const [name, tokenHead, tokenClaims] of tokens) {
    const body = new URLSearchParams({ logout_token: await signed(tokenHead, tokenClaims) })
    const { status } = await endpoint(new Request('https://app.example.com/', { method: 'POST', body }))
    expect([name, status]).toEqual([name, expect.toBeOneOf([200, 400])])
    expect([name, told.at(-1)]).toEqual([name, expect.stringMatching(/^(done|repeated)$|^[ -~]{8,}$/)])
    expect([name, told.at(-1)]).not.toEqual([name, 'the body could not be read'])
  }
})

it('a denial: every member as every type is taken as it is or refused by name, and hits nothing by accident', async () => {
  const place = { issuer, before: NOW }
  const denials = [
    { issuer, jti: 'j', expiresAt: NOW + 60_000 },
    { ...place, sid: 's', owner: 'u' },
    { ...place, subject: 'u' },
  ]
  for (const denial of denials)
    for (const [name, changed] of variants(denial, ['clientId', '__proto__'])) {
      const denylist = createDenylist({ now: () => NOW })
      const told: { code?: string } | undefined = await denylist.deny(changed as never).then(
        () => undefined,
        (error) => error,
      )
      if (told) expect([name, told.code]).toEqual([name, 'ERR_INVALID_OPTION'])
      expect([
        name,
        denylist.check({ iss: issuer, jti: 'n', sid: 'n', sub: 'n', client_id: 'n', iat: SECONDS }),
      ]).toEqual([name, undefined])
    }
})

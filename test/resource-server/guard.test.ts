import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import type { GuardedRequest } from '../../src/resource-server/credentials.ts'
import type { Decision } from '../../src/resource-server/decision.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import type { AccessPolicy } from '../../src/resource-server/policy.ts'
import { allowUntypedTokens } from '../../src/resource-server/validator-options.ts'
import { AUDIENCE, goodClaims, NOW, request, SECONDS, type TestIssuer, testIssuer } from './test-issuer.ts'

let as: TestIssuer
let now: number

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
})

const guardOf = (options: Partial<GuardOptions> = {}) =>
  createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, ...options })

async function refusal(run: Promise<unknown>): Promise<AccessTokenError> {
  const error = await run.then(
    () => expect.fail('it passed'),
    (error) => error,
  )
  expect(error).toBeInstanceOf(AccessTokenError)
  return error
}

describe('credentials', () => {
  it('VAL-02: a request without any gets a bare challenge', async () => {
    const error = await refusal(guardOf()(request()))
    expect(error.status).toBe(401)
    expect(error.wwwAuthenticate).toBe('Bearer realm="https://api.example.com/"')
    const both = await refusal(guardOf({ dpop: { algorithms: ['ES256'] }, realm: 'notes' })(request()))
    expect(both.wwwAuthenticate).toBe('Bearer realm="notes", DPoP realm="notes", algs="ES256"')
    const bound = await refusal(guardOf({ dpop: { algorithms: ['ES256'], required: true }, realm: 'n' })(request()))
    expect(bound.wwwAuthenticate).toBe('DPoP realm="n", algs="ES256"')
  })

  it('VAL-01: the scheme is read in any case', async () => {
    const token = await as.accessToken()
    for (const scheme of ['bearer', 'BEARER', 'Bearer  '])
      await guardOf()(request(undefined, { headers: { authorization: `${scheme} ${token}` } }))
  })

  it.each([
    ['two words', 'Bearer a b'],
    ['two tokens in one field', 'Bearer a, Bearer b'],
    ['a second scheme', 'Basic YTpi, Bearer b'],
    ['no token', 'Bearer '],
    ['no token and no space', 'Bearer'],
    ['padding inside', 'Bearer a=.b'],
    ['quotes', 'Bearer "a"'],
    ['64 KiB of spaces', `Bearer ${' '.repeat(65_536)}`],
    ['64 KiB of commas', `Bearer a${',a'.repeat(32_768)}`],
  ])('VAL-01: %s is 400', async (_, authorization) => {
    const error = await refusal(guardOf()({ method: 'GET', url: AUDIENCE, headers: { authorization } }))
    expect([error.status, error.error, error.reason]).toEqual([400, 'invalid_request', 'malformed_request'])
  })

  it('VAL-01: two Authorization fields are 400, however the platform shows them', async () => {
    const token = await as.accessToken()
    const fields = [`Bearer ${token}`, `Bearer ${token}`]
    for (const headers of [
      { authorization: fields },
      new Headers(fields.map((value): [string, string] => ['authorization', value])),
    ]) {
      const error = await refusal(guardOf()({ method: 'GET', url: AUDIENCE, headers }))
      expect(error.status).toBe(400)
    }
    // Node's own `headers` hides the second one.
    const hidden = { headers: { authorization: fields[0] as string }, headersDistinct: { authorization: fields } }
    expect((await refusal(guardOf()({ method: 'GET', url: AUDIENCE, ...hidden }))).status).toBe(400)
  })

  it('VAL-01: a token in the URL or the body is none', async () => {
    const token = await as.accessToken()
    const body = new URLSearchParams({ access_token: token })
    for (const asked of [
      request(undefined, { url: `${AUDIENCE}notes?access_token=${token}` }),
      request(undefined, { method: 'POST', body }),
      request(undefined, { headers: { authorization: 'Basic YTpi' } }),
    ]) {
      const error = await refusal(guardOf()(asked))
      expect([error.status, error.error]).toEqual([401, undefined])
    }
  })
})

describe('a policy', () => {
  const passes = async (policy: AccessPolicy, claims: Record<string, unknown> = {}) =>
    guardOf()(request(await as.accessToken(claims)), policy)

  it('VAL-11: wants whole scope values', async () => {
    await passes({ scope: 'notes' })
    await passes({ scope: ['profile', 'notes'] })
    await passes({ scope: 'notes' }, { scope: ['notes', 'x'] })
    for (const scope of ['note', 'notesx', 'notes.read', 'notes admin']) {
      const error = await refusal(passes({ scope }))
      expect([error.status, error.error, error.reason]).toEqual([403, 'insufficient_scope', 'scope_missing'])
      expect(error.wwwAuthenticate).toContain(`scope="${scope}"`)
    }
    await refusal(passes({ scope: 'read' }, { scope: 'readwrite' }))
    await refusal(passes({ scope: 'read' }, { scope: undefined }))
  })

  it('VAL-12: a client that acts for itself is no user', async () => {
    const authenticated = { auth_time: SECONDS }
    await passes({ subject: 'user' }, authenticated)
    await passes({}, { sub: 'spa' })
    for (const claims of [{ sub: 'spa' }, { ...authenticated, sub: 'spa' }])
      expect(await refusal(passes({ subject: 'user' }, claims))).toMatchObject({ status: 403 })
  })

  it('VAL-12: a token that does not show a person is no user', async () => {
    const error = await refusal(passes({ subject: 'user' }))
    expect(error).toMatchObject({ status: 403, reason: 'subject_not_a_user' })
    expect(error.detail).toContain('option subjectKind')
  })

  it('VAL-13: asks for a stronger or fresher sign-in', async () => {
    await passes({ acrValues: ['gold', 'silver'], maxAge: 300_000 }, { acr: 'silver', auth_time: SECONDS - 100 })
    const old = await refusal(passes({ maxAge: 300_000 }, { auth_time: SECONDS - 361 }))
    expect([old.status, old.error]).toEqual([401, 'insufficient_user_authentication'])
    expect(old.wwwAuthenticate).toContain('max_age="300"')
    const weak = await refusal(passes({ acrValues: ['gold'] }, { acr: 'bronze' }))
    expect(weak.wwwAuthenticate).toContain('acr_values="gold"')
    await refusal(passes({ maxAge: 300_000 }))
    await refusal(passes({ acrValues: ['gold'] }))
  })

  it.each([
    { scope: 'a"b' },
    { scope: ['a b'] },
    { scope: 'a\r\nb' },
    { acrValues: ['a b'] },
    { acrValues: ['"'] },
    { maxAge: -1 },
    { maxAge: Number.NaN },
    { subject: 'admin' as never },
  ])('that no challenge could carry is an invalid option: %j', async (policy) => {
    const error = await refusal(passes(policy))
    // The route is broken, not the request.
    expect(error).toMatchObject({ status: 503, reason: 'guard_failed' })
  })
})

describe('options', () => {
  it.each([
    [{ audience: [] }, 'audience'],
    [{ audience: '' }, 'audience'],
    [{ audience: undefined as never }, 'audience'],
    [{ issuer: [] }, 'issuer'],
    [{ issuer: 'http://as.example.com' }, 'issuer'],
    [{ issuer: 'https://as.example.com?x' }, 'issuer'],
    [{ issuer: ['https://a.example.com', 'https://a.example.com'] }, 'issuer'],
    [{ issuer: { issuer: 'https://a.example.com', jwksUri: 'http://a.example.com/jwks' } }, 'jwksUri'],
    [{ issuer: 'acme.com' }, 'any other text needs jwksUri'],
    [{ issuer: { issuer: '', jwksUri: 'https://a.example.com/jwks' } }, 'issuer has to be a text'],
    [{ issuer: { issuer: 1, jwksUri: 'https://a.example.com/jwks' } }, 'issuer has to be a text'],
    [{ issuer: { issuer: 'acme.com', jwksUri: 'http://a.example.com/jwks' } }, 'jwksUri'],
    [
      {
        issuer: {
          issuer: 'acme.com',
          jwksUri: 'https://a.example.com/jwks',
          introspection: { clientId: 'api', clientSecret: 's' },
        },
      },
      'introspection.endpoint where tokens are introspected',
    ],
    [
      {
        issuer: {
          issuer: 'acme.com',
          jwksUri: 'https://a.example.com/jwks',
          introspection: { clientId: 'api', clientSecret: 's', endpoint: 'http://a.example.com/ask' },
        },
      },
      'introspection.endpoint has to be an https URL',
    ],
    [{ issuer: { issuer: 'https://a.example.com', algorithms: ['HS256'] } }, 'algorithms'],
    [{ issuer: { issuer: 'https://a.example.com', algorithms: ['none'] } }, 'algorithms'],
    [{ leeway: 60_001 }, 'leeway'],
    [{ leeway: -1 }, 'leeway'],
    [{ realm: 'a"b' }, 'realm'],
    [{ cacheLimit: -1 }, 'cacheLimit'],
    [{ keys: { cooldown: Number.NaN } }, 'cooldown'],
    [{ auditKey: new Uint8Array(8) }, 'auditKey'],
    [{ dpop: { maxAge: 300_001 } }, 'dpop.maxAge'],
    [{ dpop: { algorithms: ['HS256'] } }, 'dpop.algorithms'],
    [{ dpop: { baseUrl: '/api' } }, 'dpop.baseUrl'],
    [{ dpop: { nonce: { secret: new Uint8Array(8) } } }, 'dpop.nonce.secret'],
    [{ denylist: createDenylist({ whenStale: 'introspect' }) }, 'introspect'],
  ] as const)('%j are refused at construction, by name', (options, name) => {
    expect(() => guardOf(options as Partial<GuardOptions>)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
    expect(() => guardOf(options as Partial<GuardOptions>)).toThrow(name)
  })

  it.each(['acme.com', 'http://as.example.com/trust?x#y', 'urn:example:sts', 'https://as.example.com'])(
    'VAL-05: an issuer that nothing is fetched from may be any text, such as %s, and is compared letter by letter',
    async (issuer) => {
      const jwksUri = 'https://as.example.com/jwks'
      const guard = guardOf({ issuer: { issuer, jwksUri } })
      await guard(request(await as.accessToken({ iss: issuer })))
      for (const iss of [`${issuer}/`, issuer.toUpperCase(), ` ${issuer}`, `https://${issuer}`])
        expect(await refusal(guard(request(await as.accessToken({ iss }))))).toMatchObject({ reason: 'issuer_unknown' })
      expect(as.requests.filter((url) => url !== jwksUri)).toEqual([])
    },
  )

  it('VAL-03: untyped tokens are accepted only on request, and then not those of another kind', async () => {
    const guard = guardOf({ [allowUntypedTokens]: true })
    for (const typ of [undefined, 'JWT', 'at+jwt']) await guard(request(await as.accessToken({}, { typ })))
    for (const [claims, header] of [
      [{ nonce: 'n' }, { typ: 'JWT' }],
      [{ at_hash: 'x' }, { typ: undefined }],
      [{ events: {} }, { typ: 'JWT' }],
      [{}, { typ: 'logout+jwt' }],
      [{}, { typ: 'dpop+jwt' }],
      [{}, { typ: 'application/secevent+jwt' }],
    ] as const)
      expect(await refusal(guard(request(await as.accessToken(claims, header))))).toMatchObject({
        reason: 'type_wrong',
      })
  })

  it('VAL-10: the required claims can be others', async () => {
    const { client_id: _, ...claims } = goodClaims()
    await refusal(guardOf()(request(await as.sign(claims))))
    await guardOf({ requiredClaims: ['sub'] })(request(await as.sign(claims)))
    expect(await refusal(guardOf({ requiredClaims: ['tenant'] })(request(await as.sign(claims))))).toMatchObject({
      reason: 'claim_missing',
    })
  })
})

describe('a refusal', () => {
  it('VAL-14, ERR-08: says nothing of token, key or configuration, and no claim reaches the header', async () => {
    const evil = 'x"\r\nset-cookie: a=b'
    const token = await as.accessToken({ sub: evil, jti: evil, exp: SECONDS - 100 })
    const error = await refusal(guardOf()(request(token)))
    expect(error.headers).toEqual({
      'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Date',
      'cache-control': 'no-store',
      'www-authenticate':
        'Bearer realm="https://api.example.com/", error="invalid_token", error_description="The access token is refused", reason="expired"',
    })
    const shown = inspect(error) + JSON.stringify(error) + error.stack
    for (const secret of [token, token.split('.')[2] as string, 'set-cookie', 'k1']) expect(shown).not.toContain(secret)
    const response = error.toResponse()
    expect([response.status, await response.text()]).toEqual([401, ''])
  })

  it('tells no reason where that is turned off', async () => {
    const error = await refusal(guardOf({ tellReason: false })(request(await as.accessToken({ exp: 1 }))))
    expect(error.wwwAuthenticate).not.toContain('reason=')
  })

  it('tells the reason only once the signature is right', async () => {
    const [head, claims] = (await as.accessToken({ exp: 1 })).split('.')
    const error = await refusal(guardOf()(request(`${head}.${claims}.${'A'.repeat(86)}`)))
    expect(error.wwwAuthenticate).not.toContain('reason=')
  })
})

describe('whatever fails inside', () => {
  const boom = () => {
    throw new Error('boom')
  }
  it.each([
    ['the clock', { now: boom }],
    ['the denylist', { denylist: { ...createDenylist(), check: boom } }],
  ] as const)('VAL-19: %s throws: the request does not pass', async (_, options) => {
    const error = await refusal(guardOf(options)(request(await as.accessToken())))
    expect([error.status, error.wwwAuthenticate]).toEqual([503, undefined])
    expect(error.headers['retry-after']).toBe('5')
  })

  it('VAL-19: a request that throws when it is looked at does not pass', async () => {
    const hostile = new Proxy({} as GuardedRequest, { get: boom })
    expect(await refusal(guardOf()(hostile))).toMatchObject({ status: 503 })
  })

  it('VAL-19: a listener that throws changes nothing', async () => {
    await guardOf({ onDecision: boom })(request(await as.accessToken()))
    expect(await refusal(guardOf({ onDecision: boom })(request()))).toMatchObject({ status: 401 })
  })
})

describe('decisions', () => {
  it('ERR-06: each request is told once, without anything that could be used as a token', async () => {
    const told: Decision[] = []
    const guard = guardOf({
      onDecision: (decision) => told.push(decision),
      describe: () => 'somewhere',
      auditKey: new Uint8Array(32).fill(7),
    })
    const token = await as.accessToken({ jti: 'one' })
    await guard(request(token), { route: 'notes' })
    await refusal(guard(request(await as.accessToken({ jti: 'one' })), { scope: 'admin', route: 'admin' }))
    await refusal(guard(request()))
    expect(told).toMatchObject([
      { at: NOW, allowed: true, issuer: as.issuer, clientId: 'spa', route: 'notes', request: 'somewhere' },
      { at: NOW, allowed: false, reason: 'scope_missing', status: 403, clientId: 'spa', route: 'admin' },
      { at: NOW, allowed: false, reason: 'no_credentials', status: 401 },
    ])
    const [first, second] = told
    expect(first?.subjectHash).toMatch(/^[\w-]{16}$/)
    expect([second?.subjectHash, second?.tokenHash]).toEqual([first?.subjectHash, first?.tokenHash])
    expect(first?.tokenHash).not.toBe(first?.subjectHash)
    expect(JSON.stringify(told)).not.toContain('person')
    expect(JSON.stringify(told)).not.toContain(token.split('.')[2])
  })
})

describe('a token that comes again', () => {
  it('INT-04: costs no signature, and is still judged by time and denylist', async () => {
    const denylist = createDenylist({ now: () => now })
    const guard = guardOf({ denylist })
    const token = await as.accessToken({ jti: 'again' })
    await guard(request(token))
    // Without keys nothing could be verified now.
    as.keys = []
    now += 30_000
    await guard(request(token))
    await denylist.deny({ issuer: as.issuer, jti: 'again', expiresAt: NOW + 300_000 })
    expect(await refusal(guard(request(token)))).toMatchObject({ reason: 'revoked' })
  })

  it('is verified anew after its time, and always where nothing is kept', async () => {
    const kept = guardOf({ cacheMaxAge: 1_000, keys: { maxAge: 500, staleFor: 0, cooldown: 0 } })
    const never = guardOf({ cacheLimit: 0, keys: { maxAge: 500, staleFor: 0, cooldown: 0 } })
    const token = await as.accessToken()
    for (const guard of [kept, never]) await guard(request(token))
    as.keys = []
    now += 900
    await kept(request(token))
    await refusal(never(request(token)))
    now += 200
    await refusal(kept(request(token)))
  })

  it('expires in the cache as anywhere', async () => {
    const guard = guardOf({ cacheMaxAge: 10_000_000 })
    const token = await as.accessToken()
    await guard(request(token))
    now += 361_000
    expect(await refusal(guard(request(token)))).toMatchObject({ reason: 'expired' })
  })
})

it('VAL-20: what the application gets holds no token', async () => {
  const token = await as.accessToken()
  expect(JSON.stringify(await guardOf()(request(token)))).not.toContain(token.split('.')[2])
})

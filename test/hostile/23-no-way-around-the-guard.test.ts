import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { entra } from '../../src/providers/index.ts'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { AUDIENCE, goodClaims, NOW, request, SECONDS, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

const issuer = 'https://as.example.com'
const tenant = '11111111-2222-4333-8444-555555555555'
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'
const login = 'https://login.microsoftonline.com'

describe('keys', () => {
  const claims = { aud: AUDIENCE, azp: 'spa', scp: 'notes', uti: 'u', sub: 'p', iat: SECONDS, exp: SECONDS + 300 }

  /** What comes of a token of `tenant`, signed with a key that says that it is `owner`'s. */
  async function outcomeOf(options: IssuerOptions, owner: unknown): Promise<string> {
    const as = await testIssuer(login)
    const keys = as.keys.map((key) => ({ ...key, issuer: owner }))
    const api = guardedApi(as, { issuer: options, fetch: async () => Response.json({ keys }) })
    return api.outcome(await as.sign({ ...claims, iss: `${login}/${tenant}/v2.0` }, { typ: 'JWT' }))
  }

  it.each([
    ['one directory', entra.api({ tenant })],
    ['many directories', entra.api({ tenants: [tenant] })],
  ])('a key of personal accounts signs no token of a company, for an API of %s', async (_, options) => {
    expect(await outcomeOf(options, `${login}/${consumers}/v2.0`)).toBe('key_unknown')
    expect(await outcomeOf(options, `${login}/${tenant}/v2.0`)).toBe('passed')
    expect(await outcomeOf(options, `${login}/{tenantid}/v2.0`)).toBe('passed')
    expect(await outcomeOf(options, undefined)).toBe('passed')
  })

  it.each([
    ['null', null],
    ['a list', [`${login}/${tenant}/v2.0`]],
    ['a template of another place', 'https://evil.example/{tenantid}/v2.0'],
    ['a template with two variables', `${login}/{tenantid}/{version}`],
    ['a template of the whole place', '{issuer}'],
    ['a template of more than a segment', `${login}/{tenantid}`],
    ['a name in capitals', `${login}/${tenant}/v2.0`.toUpperCase()],
  ])('a key whose owner is %s signs nothing', async (_, owner) => {
    expect(await outcomeOf(entra.api({ tenant }), owner)).toBe('key_unknown')
  })

  it('one trusted issuer cannot sign for another, though their keys have one name', async () => {
    const [as, other] = [await testIssuer(issuer), await testIssuer('https://other.example.com')]
    const guard = createGuard({
      issuer: [issuer, other.issuer],
      audience: AUDIENCE,
      fetch: (input, init) => (String(input).startsWith(issuer) ? as : other).fetch(input, init),
      now: () => NOW,
    })
    const forged = await other.sign(goodClaims(issuer))
    for (let time = 0; time < 2; time++)
      await expect(guard(request(forged))).rejects.toMatchObject({ reason: 'signature_invalid' })
    await guard(request(await other.accessToken()))
  })

  it('a kid chooses among the keys of its algorithm, however it is written', async () => {
    const as = await testIssuer(issuer)
    const weak = await generateKeyPair('ES256', { extractable: true })
    const hidden = await exportJWK(weak.publicKey)
    const api = guardedApi(as, { fetch: (input, init) => as.fetch(input, init), keys: { cooldown: 0 } })
    const published = [
      { ...hidden, kid: 'hidden', use: 'enc' },
      { ...hidden, kid: 'signs', key_ops: 'verify' },
    ]
    as.keys = [...as.keys, ...published] as JWK[]
    for (const kid of [
      'hidden',
      'signs',
      '',
      ' k1',
      'k1 ',
      'ES256 k1',
      '__proto__',
      'constructor',
      '../k1',
      'k1\u0000',
    ]) {
      const token = await new SignJWT(goodClaims(issuer))
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
        .sign(weak.privateKey)
      expect([kid, await api.outcome(token)]).toEqual([kid, 'key_unknown'])
    }
  })

  it('a logout token whose kid is no text is not tried with every key', async () => {
    const as = await testIssuer(issuer)
    let outcome = ''
    const endpoint = createBackchannelLogout({
      issuer,
      clientId: 'spa',
      endSessions: () => {},
      onDecision: (decision) => {
        outcome = decision.outcome
      },
      fetch: as.fetch,
      now: () => NOW,
    })
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const claims = { iss: issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 60, jti: 'l', sub: 'u', events }
    const body = new URLSearchParams({ logout_token: await as.sign(claims, { typ: 'logout+jwt', kid: 1 }) })
    const { status } = await endpoint(new Request('https://app.example.com/', { method: 'POST', body }))
    expect([status, outcome]).toEqual([400, 'kid is of type number'])
  })
})

describe('a token that passed once', () => {
  it('is refused as soon as its tenant counts no more', async () => {
    const as = await testIssuer(login)
    const counting = new Set([tenant])
    const options = entra.api({ tenants: (one) => counting.has(one) })
    const api = guardedApi(as, { issuer: options, fetch: async () => Response.json({ keys: as.keys }) })
    const iss = `${login}/${tenant}/v2.0`
    const token = await as.sign({ ...goodClaims(iss), azp: 'spa', scp: 'notes', uti: 'u' }, { typ: 'JWT' })
    expect([await api.outcome(token), await api.outcome(token)]).toEqual(['passed', 'passed'])
    counting.clear()
    expect(await api.outcome(token)).toBe('issuer_unknown')
  })

  it('is refused as soon as it is denied, whatever names it', async () => {
    const as = await testIssuer(issuer)
    for (const denial of [
      { issuer, jti: 'j', expiresAt: NOW + 300_000 },
      { issuer, sid: 's', before: NOW },
      { issuer, subject: 'person', before: NOW },
      { issuer, clientId: 'spa', before: NOW },
      { issuer, subject: 'person', clientId: 'spa', before: NOW },
    ]) {
      const denylist = createDenylist({ now: () => NOW })
      const api = guardedApi(as, { denylist })
      const token = await as.accessToken({ jti: 'j', sid: 's' })
      expect([await api.outcome(token), await api.outcome(token)]).toEqual(['passed', 'passed'])
      await denylist.deny(denial)
      expect(await api.outcome(token)).toMatch(/^(revoked|session_ended)$/)
    }
  })

  it('does not come back to life when its denial is over: one that would live longer never passes', async () => {
    const as = await testIssuer(issuer)
    const denylist = createDenylist({ now: () => NOW, maxTokenLifetime: 3_600_000 })
    const api = guardedApi(as, { denylist })
    const living = (seconds: number) => as.accessToken({ exp: SECONDS + seconds })
    expect(await api.outcome(await living(3_600 + 60))).toBe('passed')
    const refused = await api.refusal(await living(3_600 + 61))
    expect([refused.reason, refused.detail]).toEqual(['claim_invalid', expect.stringContaining('maxTokenLifetime')])
    // Whoever denies nothing asks nothing of it.
    expect(await guardedApi(as).outcome(await living(86_400 * 365))).toBe('passed')
  })

  it('is judged anew by each policy', async () => {
    const api = guardedApi(await testIssuer(issuer))
    const as = await testIssuer(issuer)
    const other = guardedApi(as)
    const token = await as.accessToken({ auth_time: SECONDS - 10 })
    expect(await other.outcome(token, { scope: 'notes', subject: 'user', maxAge: 60_000 })).toBe('passed')
    expect(await other.outcome(token, { scope: 'admin' })).toBe('scope_missing')
    expect(await other.outcome(token, { acrValues: ['mfa'] })).toBe('step_up_required')
    expect(await api.outcome(token)).toBe('signature_invalid')
  })
})

it.each([
  ['a refresh token of Ory Hydra', { token_use: 'refresh_token' }, 'type_wrong'],
  ['a refresh token of others', { token_type: 'refresh_token' }, 'type_wrong'],
  ['an ID token', { token_use: 'id_token' }, 'type_wrong'],
  ['an access token of Ory Hydra', { token_use: 'access_token', token_type: 'Bearer' }, 'passed'],
  ['an access token', {}, 'passed'],
])('%s that its server calls active', async (_, more, outcome) => {
  const as = await testIssuer(issuer)
  const introspection = { endpoint: `${issuer}/introspect`, clientId: 'api', clientSecret: 's' }
  const fetch = async () => Response.json({ active: true, scope: 'notes', ...more })
  expect(await guardedApi(as, { issuer: { issuer, introspection }, fetch }).outcome('ory_rt_1')).toBe(outcome)
})

it('the template of an issuer with many tenants is the issuer of nothing', async () => {
  const as = await testIssuer(login)
  const options = entra.api({ tenants: () => true })
  const api = guardedApi(as, { issuer: options, fetch: async () => Response.json({ keys: as.keys }) })
  for (const name of ['{tenantid}', '..', `${tenant}/v2.0/x`, `${tenant}?`, `${tenant}#`, '%2e%2e', '', 'a..b', 'ä']) {
    const claims = { ...goodClaims(`${login}/${name}/v2.0`), azp: 'spa', scp: 'notes', uti: 'u' }
    expect([name, await api.outcome(await as.sign(claims, { typ: 'JWT' }))]).toEqual([name, 'issuer_unknown'])
  }
})

it('a token longer than any header field is refused before anything is reckoned with it', async () => {
  const as = await testIssuer(issuer)
  const refused = await guardedApi(as).refusal(await as.accessToken({ more: 'x'.repeat(20_000) }))
  expect([refused.reason, refused.detail]).toEqual(['malformed', 'it is longer than 16384 characters'])
  expect(as.requests).toEqual([])
})

describe('what is written wrongly', () => {
  const message = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return String(error)
    }
    return 'taken'
  }

  it.each([
    ['denyList', { denyList: createDenylist() }],
    ['dpop.requird', { dpop: { requird: true } }],
    ['dpop.nonce.live', { dpop: { nonce: { live: 1 } } }],
    ['keys.maxage', { keys: { maxage: 1 } }],
    ['issuer.tenant', { issuer: { issuer, tenant: 'x' } }],
    ['claims.Id', { issuer: { issuer, claims: { Id: 'uti' } } }],
    ['logout.expiry', { issuer: { issuer, logout: { expiry: false } } }],
    ['introspection.jwt', { issuer: { issuer, introspection: { clientId: 'a', clientSecret: 'b', jwt: true } } }],
  ])('the option %s is told, and not left out silently', (name, options) => {
    expect(message(() => createGuard({ issuer, audience: AUDIENCE, ...(options as object) }))).toContain(
      `There is no option ${name}; there are `,
    )
  })

  it('a member of a policy that asks for nothing refuses everybody, and says why', async () => {
    const as = await testIssuer(issuer)
    const refused = await guardedApi(as).refusal(await as.accessToken(), { scopes: 'admin' } as never)
    expect([refused.status, refused.reason]).toEqual([503, 'guard_failed'])
    expect(refused.detail).toContain('There is no option scopes; there are scope, acrValues,')
  })

  it.each([
    ['expiresAt in seconds', { issuer, jti: 'j', expiresAt: SECONDS + 300 }, 'expiresAt of a denial'],
    ['before in seconds', { issuer, subject: 'person', before: SECONDS }, 'before of a denial'],
    ['a slash too many', { issuer: `${issuer}/`, jti: 'j', expiresAt: NOW + 300_000 }, `${issuer}, not ${issuer}/`],
    ['a template', { issuer: `${login}/{tenantid}/v2.0`, subject: 'person', before: NOW }, 'not the template'],
  ])('a denial with %s is told where it is made, because it would hit nothing', async (_, denial, text) => {
    const denylist = createDenylist({ now: () => NOW })
    guardedApi(await testIssuer(issuer), { denylist })
    await expect(denylist.deny(denial)).rejects.toThrow(text)
    expect(denylist.status().entries).toBe(0)
  })

  it('a denial for an issuer that no guard of this process knows is taken: another process may', async () => {
    const denylist = createDenylist({ now: () => NOW })
    guardedApi(await testIssuer(issuer), { denylist })
    await denylist.deny({ issuer: 'https://other.example.com', subject: 'person', before: NOW })
    expect(denylist.status().entries).toBe(1)
  })

  it('a function of the configuration that throws lets nobody pass, and is named', async () => {
    const as = await testIssuer(issuer)
    const subjectKind = () => {
      throw new Error('own')
    }
    const refused = await guardedApi(as, { issuer: { issuer, subjectKind } }).refusal(await as.accessToken())
    expect([refused.reason, refused.detail]).toEqual(['guard_failed', 'option subjectKind of the issuer threw'])
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { createGuard } from '../../src/resource-server/guard.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import {
  AUDIENCE,
  goodClaims,
  NOW,
  request,
  SECONDS,
  type TestIssuer,
  testIssuer,
} from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

let as: TestIssuer

beforeAll(async () => {
  as = await testIssuer()
})

type Words = Record<string, unknown>
interface Row {
  readonly words: Words
  readonly without?: readonly string[]
  readonly typ?: string | undefined
  readonly options: Partial<IssuerOptions>
  readonly reason: string
  readonly detail: RegExp
  readonly found: Words
}

const rows: Readonly<Record<string, Row>> = {
  'scp as a list': {
    words: { scp: ['notes', 'read'] },
    without: ['scope'],
    options: { claims: { scope: 'scp' } },
    reason: 'scope_missing',
    detail: /^scope is missing, wanted "read", the token has scp; .*option claims\.scope/,
    found: { scope: 'notes read' },
  },
  'scp as text': {
    words: { scp: 'notes read' },
    without: ['scope'],
    options: { claims: { scope: 'scp' } },
    reason: 'scope_missing',
    detail: /^scope is missing, wanted "read", the token has scp; .*option claims\.scope/,
    found: { scope: 'notes read' },
  },
  'no aud, and the client stands for it': {
    words: { client_id: AUDIENCE },
    without: ['aud'],
    options: { claims: { audience: 'client_id' } },
    reason: 'claim_missing',
    detail: /^wanted aud, the token has client_id; .*option claims\.audience/,
    found: { aud: AUDIENCE },
  },
  'the client in azp': {
    words: { azp: 'spa' },
    without: ['client_id'],
    options: { claims: { client: 'azp' } },
    reason: 'claim_missing',
    detail: /^wanted client_id, the token has azp; .*option claims\.client/,
    found: { client_id: 'spa' },
  },
  'the name of the token in uti': {
    words: { uti: 'one' },
    without: ['jti'],
    options: { claims: { id: 'uti' } },
    reason: 'claim_missing',
    detail: /^wanted jti, the token has uti; .*option claims\.id/,
    found: { jti: 'one' },
  },
  'no name of the token at all': {
    words: {},
    without: ['jti'],
    options: { claims: { id: false } },
    reason: 'claim_missing',
    detail: /^wanted jti; .*option claims\.id/,
    found: { client_id: 'spa' },
  },
  'typ JWT': {
    words: {},
    typ: 'JWT',
    options: { types: ['JWT'] },
    reason: 'type_wrong',
    detail: /^typ is "JWT", wanted at\+jwt; .*option types/,
    found: { client_id: 'spa' },
  },
  'no typ': {
    words: {},
    typ: undefined,
    options: { types: [undefined] },
    reason: 'type_wrong',
    detail: /^typ is missing, wanted at\+jwt; .*option types/,
    found: { client_id: 'spa' },
  },
  'a nonce, as Keycloak had, where another claim tells what it is': {
    words: { nonce: 'n', typ: 'Bearer' },
    typ: 'JWT',
    options: { types: ['JWT'], requiredValues: { typ: 'Bearer' }, refusedClaims: ['at_hash', 'events'] },
    reason: 'type_wrong',
    detail: /option types/,
    found: { typ: 'Bearer' },
  },
  'roles and no scope': {
    words: { roles: ['Reader'] },
    without: ['scope'],
    typ: 'JWT',
    options: { types: ['JWT'] },
    reason: 'type_wrong',
    detail: /option types/,
    found: { roles: ['Reader'] },
  },
}

describe('a token of another dialect passes with the options that say so, and is refused without, with the way out for the operator', () => {
  it.each(Object.entries(rows))('%s', async (_, { words, without = [], options, reason, detail, found, ...header }) => {
    const claims = { ...goodClaims(), ...words, ...Object.fromEntries(without.map((name) => [name, undefined])) }
    const token = await as.sign(claims, 'typ' in header ? { typ: header.typ } : {})
    const policy = reason === 'scope_missing' ? { scope: 'read' } : {}
    const refused = await guardedApi(as).refusal(token, policy)
    expect([refused.reason, refused.detail ?? '']).toEqual([reason, expect.stringMatching(detail)])
    expect(await guardedApi(as, { issuer: { issuer: as.issuer, ...options } }).call(token, policy)).toMatchObject(found)
  })
})

describe('a dialect lets no other token of its issuer pass', () => {
  const untyped = { types: ['JWT', undefined], claims: { client: 'azp', scope: 'scp' } } as const
  const idToken = {
    iss: 'https://as.example.com',
    aud: AUDIENCE,
    sub: 'person',
    iat: SECONDS,
    exp: SECONDS + 300,
    jti: 'i',
  }

  it.each([
    ['an ID token with a nonce', { nonce: 'n', azp: 'spa' }, 'nonce'],
    ['an ID token with at_hash', { at_hash: 'h', azp: 'spa' }, 'at_hash'],
    ['an ID token without either', {}, 'neither azp nor scp'],
    ['a logout token', { events: {}, azp: 'spa' }, 'events'],
  ])('%s', async (_, claims, found) => {
    const api = guardedApi(as, { issuer: { issuer: as.issuer, ...untyped } })
    for (const typ of ['JWT', undefined]) {
      const refused = await api.refusal(await as.sign({ ...idToken, ...claims }, { typ }))
      expect([refused.reason, refused.detail]).toEqual(['type_wrong', expect.stringContaining(found)])
    }
  })

  it('one whose claim has another value than an access token', async () => {
    const issuer = { issuer: as.issuer, types: [undefined], requiredValues: { token_use: ['access'] } }
    const api = guardedApi(as, { issuer })
    const tokenOf = (token_use?: unknown) => as.accessToken({ token_use }, { typ: undefined })
    expect(await api.outcome(await tokenOf('access'))).toBe('passed')
    for (const other of ['id', undefined, ['access'], null])
      expect(await api.outcome(await tokenOf(other))).toBe('type_wrong')
  })

  it('a token for another API whose client stands for the audience of this one', async () => {
    const issuer = { issuer: as.issuer, claims: { audience: 'client_id' } }
    const api = guardedApi(as, { issuer })
    expect(await api.outcome(await as.accessToken({ client_id: AUDIENCE, aud: 'https://other.example.com/' }))).toBe(
      'audience_mismatch',
    )
    expect(await api.outcome(await as.accessToken({ client_id: 'other', aud: undefined }))).toBe('audience_mismatch')
  })

  it('a scope value with a space inside, which a handler could take for two', async () => {
    const api = guardedApi(as, { issuer: { issuer: as.issuer, claims: { scope: 'scp' } } })
    for (const scp of [['notes admin'], [1], [''], { a: 1 }])
      expect(await api.outcome(await as.accessToken({ scp }))).toBe('claim_invalid')
  })
})

describe('a dialect that could not be meant is refused at construction, by name', () => {
  it.each([
    [{ types: [] }, 'types'],
    [{ types: [''] }, 'types'],
    [{ types: ['logout+jwt'] }, 'types'],
    [{ types: ['application/dpop+jwt'] }, 'types'],
    [{ types: [null] }, 'types'],
    [{ claims: { client: '' } }, 'claims.client'],
    [{ claims: { client: false } }, 'claims.client'],
    [{ claims: { id: 1 } }, 'claims.id'],
    [{ requiredClaims: 'sub' }, 'requiredClaims'],
    [{ requiredValues: { token_use: [] } }, 'requiredValues.token_use'],
    [{ refusedClaims: [1] }, 'refusedClaims'],
    [{ subjectKind: 'user' }, 'subjectKind'],
    [{ logout: { types: ['at+jwt'] } }, 'logout.types'],
    [{ tenants: ['a'] }, 'tenants'],
    [{ issuer: 'https://as.example.com/{tenant}/v2' }, 'tenants'],
    [{ issuer: 'https://as.example.com/{tenant}/v2', tenants: ['a'] }, 'jwksUri'],
    [{ issuer: 'https://{tenant}.example.com/', tenants: ['a'], jwksUri: 'https://as.example.com/jwks' }, 'variable'],
    [{ issuer: 'https://as.example.com/{a}/{b}', tenants: ['a'], jwksUri: 'https://as.example.com/jwks' }, 'variable'],
    [{ issuer: 'https://as.example.com/x{a}', tenants: ['a'], jwksUri: 'https://as.example.com/jwks' }, 'variable'],
    [{ issuer: 'https://as.example.com/{a}', tenants: [], jwksUri: 'https://as.example.com/jwks' }, 'tenants'],
  ])('%j', (options, name) => {
    const make = () => guardedApi(as, { issuer: { issuer: as.issuer, ...options } as IssuerOptions })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
    expect(make).toThrow(name)
  })
})

it('what the guard asks of all tokens is asked of every dialect', async () => {
  const issuer = { issuer: as.issuer, requiredClaims: ['sub'] }
  const token = await as.accessToken({ jti: undefined })
  expect(await guardedApi(as, { issuer }).outcome(token)).toBe('passed')
  expect(await guardedApi(as, { issuer, requiredClaims: ['tenant'] }).outcome(token)).toBe('claim_missing')
})

describe('an issuer of many tenants', () => {
  const template = 'https://as.example.com/{tenantid}/v2.0'
  const isMine = (tenant: string) => ['a', 'b'].includes(tenant)

  function world(jwksUri: string, tenants: IssuerOptions['tenants'] = isMine) {
    const requests: string[] = []
    const guard = createGuard({
      issuer: { issuer: template, tenants, jwksUri },
      audience: AUDIENCE,
      now: () => NOW,
      async fetch(url) {
        requests.push(String(url))
        return Response.json({ keys: as.keys })
      },
    })
    const outcome = async (iss: unknown) =>
      guard(request(await as.accessToken({ iss }))).then(
        ({ iss }) => iss,
        ({ reason }) => reason,
      )
    return { requests, outcome }
  }

  it('takes tokens of the tenants that count, with keys from the place that is configured', async () => {
    const { requests, outcome } = world('https://as.example.com/keys')
    for (const tenant of ['a', 'b'])
      expect(await outcome(`https://as.example.com/${tenant}/v2.0`)).toBe(`https://as.example.com/${tenant}/v2.0`)
    expect(requests).toEqual(['https://as.example.com/keys'])
  })

  it('or with keys of the tenant, below the place that is configured', async () => {
    const { requests, outcome } = world('https://as.example.com/{tenantid}/keys', ['a', 'b'])
    await outcome('https://as.example.com/a/v2.0')
    await outcome('https://as.example.com/b/v2.0')
    await outcome('https://as.example.com/a/v2.0')
    expect(requests).toEqual(['https://as.example.com/a/keys', 'https://as.example.com/b/keys'])
  })

  it.each([
    'https://as.example.com/c/v2.0',
    'https://as.example.com//v2.0',
    'https://as.example.com/v2.0',
    'https://as.example.com/a/v2.0/',
    'https://as.example.com/a/b/v2.0',
    'https://as.example.com/a%2f..%2fb/v2.0',
    'https://as.example.com/../v2.0',
    'https://as.example.com/a?x=/v2.0',
    'https://as.example.com/a#/v2.0',
    'https://as.example.com/a\\b/v2.0',
    'https://as.example.com/{tenantid}/v2.0',
    'https://evil.example.com/a/v2.0',
    'https://as.example.com.evil.example.com/a/v2.0',
    ['https://as.example.com/a/v2.0'],
  ])('refuses %j and fetches nothing', async (iss) => {
    for (const tenants of [isMine, (tenant: string) => tenant !== 'c']) {
      const { requests, outcome } = world('https://as.example.com/{tenantid}/keys', tenants)
      expect([await outcome(iss), requests]).toEqual(['issuer_unknown', []])
    }
  })

  it('asks of a tenant more than that it is truthy', async () => {
    const { outcome } = world('https://as.example.com/keys', (() => Promise.resolve(false)) as never)
    expect(await outcome('https://as.example.com/a/v2.0')).toBe('issuer_unknown')
  })
})

import { describe, expect, it } from 'vitest'
import {
  allowInsecureLoopback,
  createTokenManager,
  type MetadataSourceOptions,
  metadataFrom,
  TokenManagerError,
  type TokenManagerOptions,
} from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { itInDevelopment, itInProduction, saying } from '../support/sentences.ts'

const good = { issuer: 'https://as.example', clientId: 'spa' }
const create = (options: unknown) => createTokenManager(options as TokenManagerOptions, undefined)

/** What creating a manager with `options` throws. */
function refusal(options: unknown): TokenManagerError | undefined {
  try {
    create(options).dispose()
  } catch (error) {
    expect(error).toBeInstanceOf(TokenManagerError)
    return error as TokenManagerError
  }
  return undefined
}

const notStrings = [7, null, {}, [], true]
const notNumbers = ['5', null, Number.NaN, {}]
const wrong: Record<string, unknown[]> = {
  issuer: [
    ...notStrings,
    '',
    'as.example',
    'http://as.example',
    'https://as.example?x=1',
    'https://as.example#x',
    'ftp://as.example',
  ],
  clientId: [...notStrings, ''],
  metadata: ['x', 7, null],
  resourceParameters: ['resource', null, ['scope'], [7]],
  endSessionParams: ['x', null, { federated: 'true' }],
  redirectUri: [
    ...notStrings,
    '//callback',
    '/call back',
    '/callback#x',
    'callback',
    'https://app.example/#x',
    new URL('https://app.example/'),
    '',
  ],
  postLogoutRedirectUri: [...notStrings, '//bye', 'bye'],
  scope: notStrings,
  resources: [
    'https://api.example/',
    {},
    7,
    null,
    ['http://api.example/'],
    ['https://api.example/?x'],
    [7],
    [{}],
    ['notes'],
    [{ url: 'https://api.example/', audience: 7 }],
    [{ url: 'https://api.example/', scope: ['a'] }],
    [{ url: 'https://api.example/', resource: 1 }],
    [{ url: 'https://api.example/', resource: 'notes' }],
    [{ url: 'https://api.example/', resource: 'https://api.example/#x' }],
  ],
  unlisted: ['ignore', true, null],
  whenSignedOut: ['ignore', true, null],
  refresh: ['x', 7, null],
  limits: [{}, { idleTimeout: 60_000 }, 60_000, null],
  requestTimeout: [...notNumbers, 0, 999, 60_001, Number.POSITIVE_INFINITY],
  confirmInterval: [...notNumbers, -1, 60_001],
  persistence: ['cookie', 'memory', 7, null, {}],
  account: notStrings,
  authorizationParams: ['x', null, { audience: 7 }, { audience: null }],
  pushedAuthorizationRequests: ['required', 1, null, true, {}],
  revokeReplaced: ['yes', 1, null],
  userAgent: [{}, 'redirect', null, { authorize() {} }],
  store: [{}, 'local', null, { get() {} }],
  fetch: [{}, 'x', null],
  lock: [{}, null],
  channel: [{ post() {} }, null],
  lifecycle: [{ isOnline() {} }, null],
  clock: [Date, null],
  crypto: [{}, null],
}
const wrongRefresh: Record<string, unknown[]> = {
  leeway: [...notNumbers, -1, 60, 999, 3_600_001],
  jitter: [...notNumbers, -0.1, 1.1],
  interval: [...notNumbers, 0, 999, Number.POSITIVE_INFINITY],
}

describe('options', () => {
  it('the least there is, is enough; undefined is as good as left out', () => {
    expect(refusal(good)).toBeUndefined()
    expect(
      refusal({
        ...good,
        ...Object.fromEntries(
          Object.keys(wrong)
            .slice(2)
            .map((name) => [name, undefined]),
        ),
      }),
    ).toBeUndefined()
  })

  itInDevelopment('a limit that is not imported leads to what is', () => {
    for (const name of ['idleTimeout', 'maxAge'])
      expect(refusal({ ...good, [name]: 60_000 })?.message).toContain(`limits: sessionLimits({ ${name} })`)
  })

  it('every option is taken at its bounds', () => {
    expect(
      refusal({
        ...good,
        ...{
          redirectUri: 'com.example.app:/cb',
          postLogoutRedirectUri: 'https://app.example/bye?x=1',
          scope: '',
          resources: [],
        },
        ...{
          refresh: { leeway: 0, jitter: 1, interval: 1_000 },
          limits: sessionLimits({ idleTimeout: 1_000, maxAge: 1e12 }),
          requestTimeout: 60_000,
        },
        ...{
          confirmInterval: 0,
          account: '',
          authorizationParams: { audience: 'x' },
          revokeReplaced: false,
          unlisted: 'bare',
        },
        ...{ whenSignedOut: 'bare', metadata: { issuer: good.issuer } },
      }),
    ).toBeUndefined()
  })

  for (const [name, values] of Object.entries(wrong)) {
    itInDevelopment(`${name}: a wrong value is refused at construction, by name`, () => {
      for (const value of values) {
        const error = refusal({ ...good, [name]: value })
        expect([value, error?.code]).toEqual([value, 'ERR_INVALID_OPTION'])
        expect(error?.message).toContain(name)
      }
    })
  }

  for (const [name, values] of Object.entries(wrongRefresh)) {
    itInDevelopment(`refresh.${name}: a wrong value is refused at construction, by name`, () => {
      for (const value of values) {
        const error = refusal({ ...good, refresh: { [name]: value } })
        expect([value, error?.code]).toEqual([value, 'ERR_INVALID_OPTION'])
        expect(error?.message).toContain(`refresh.${name}`)
      }
    })
  }

  describe('metadataFrom()', () => {
    const from = (options: unknown, issuer = good.issuer) =>
      refusal({ ...good, issuer, metadata: metadataFrom(options as MetadataSourceOptions) })

    it.each<[string, unknown]>([
      ...[...notStrings, 'http://as.example/x', '/x', 'https://as.example/#x', ''].map((url): [string, unknown] => [
        'metadata.url',
        { url },
      ]),
      ['metadata.url', { url: 'https://as.example/x', metadata: { issuer: good.issuer } }],
      ['metadata.metadata', { metadata: 'x' }],
      ['metadata.metadata', { metadata: null }],
      ['metadata.overrides', { overrides: 'x' }],
      ['metadata.overrides', { overrides: null }],
      ['metadata.overrides.issuer', { overrides: { issuer: good.issuer } }],
      ['metadata.overrides.token_endpoint', { overrides: { token_endpoint: 'http://as.example/' } }],
      ['metadata.overrides.a_endpoint', { overrides: { a_endpoint: 7 } }],
      ['metadata.urls', { urls: [] }],
    ])('%s: a wrong value is refused at construction, by name (%j)', (name, options) => {
      expect(from(options)).toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining(`Option ${name} `),
      })
    })

    it('takes what is right', () => {
      for (const options of [
        {},
        { url: 'https://as.example/x?p=1', overrides: { revocation_endpoint: null, anything: 7 } },
        { metadata: { issuer: good.issuer }, overrides: { token_endpoint: 'https://as.example/token' } },
        { url: undefined, metadata: undefined, overrides: undefined },
      ])
        expect(from(options)).toBeUndefined()
    })

    it('an issuer with a place for the tenant needs to be told where the metadata is', () => {
      const template = 'https://as.example/{tenantid}/v2.0'
      expect(refusal({ ...good, issuer: template })?.message).toContain('Option issuer ')
      expect(refusal({ ...good, issuer: template, metadata: { issuer: template } })?.message).toContain(
        'Option issuer ',
      )
      expect(from({ overrides: {} }, template)?.message).toEqual(saying('needs metadata or url'))
      expect(from({ url: 'https://as.example/common' }, template)).toBeUndefined()
      expect(from({ metadata: { issuer: template } }, template)).toBeUndefined()
    })

    it.each([
      'https://{tenantid}/',
      'https://{tenantid}.example/v2.0',
      'https://as.example/x{tenantid}/v2.0',
      'https://as.example/{tenantid}x',
      'https://as.example/{tenantid}/{tenantid}',
      'https://as.example/{tenant}/v2.0',
      'https://as.example/{/{tenantid}',
      'http://as.example/{tenantid}/',
      'https://as.example/{tenantid}/?x',
      'https://as.example/{tenantid}/#x',
    ])('the tenant is one part of the path and nothing else: not %s', (issuer) => {
      expect(from({ url: 'https://as.example/common' }, issuer)).toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining('Option issuer '),
      })
    })
  })

  itInDevelopment(
    'a parameter that the server does not take is refused, where it is listed and where it is asked for',
    async () => {
      const resources = [{ url: 'https://api.example/a' }, { url: 'https://api.example/', resource: 'api://a' }]
      expect(refusal({ ...good, resources, resourceParameters: ['audience'] })?.message).toContain(
        'resources[1].resource has to be left out',
      )
      expect(refusal({ ...good, resources, resourceParameters: ['resource'] })).toBeUndefined()

      const tokens = create({ ...good, resourceParameters: [] })
      for (const call of [tokens.getAccessToken, tokens.refresh]) {
        const error = await call({ audience: 'x' }).catch((thrown) => thrown)
        expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining('audience') })
      }
    },
  )

  it('confirmInterval: a limit that could never hold is refused in every build', () => {
    for (const confirmInterval of ['5', Number.NaN, {}, Number.POSITIVE_INFINITY])
      expect([confirmInterval, refusal({ ...good, confirmInterval })?.message]).toEqual([
        confirmInterval,
        expect.stringContaining('confirmInterval'),
      ])
  })

  itInProduction('in production nobody is told of what harms nobody', () => {
    const misspelt = { redirectURI: 'https://app.example/' }
    expect(refusal({ ...good, ...misspelt, account: 7, refresh: { leeway: 60 } })).toBeUndefined()
  })

  it('what is missing is named', () => {
    expect(refusal({ clientId: 'spa' })?.message).toContain('issuer')
    expect(refusal({ issuer: good.issuer })?.message).toContain('clientId')
    for (const nothing of [undefined, null, 7, 'x'])
      expect(refusal(nothing)).toMatchObject({ code: 'ERR_INVALID_OPTION' })
  })

  itInDevelopment('ACQ-16: there is no clientSecret, and no option that nobody knows', () => {
    for (const name of [
      'clientSecret',
      'client_secret',
      'clientAuthentication',
      'issuerUrl',
      '__proto__',
      'constructor',
      'toString',
    ])
      expect([name, refusal({ ...good, ...JSON.parse(`{"${name}":"x"}`) })?.code]).toEqual([name, 'ERR_INVALID_OPTION'])
    // @ts-expect-error no compiler lets it pass either
    const secretive: TokenManagerOptions = { ...good, clientSecret: 'hush' }
    expect(refusal(secretive)?.message).toContain('clientSecret')
    expect(refusal(secretive)?.message).not.toContain('hush')
    expect(refusal({ ...good, refresh: { margin: 5 } })?.message).toContain('refresh.margin')
  })

  it('http is for loopback only, and only with the symbol that says so', () => {
    for (const issuer of ['http://127.0.0.1:8080', 'http://localhost:3000/t', 'http://[::1]:1']) {
      expect(refusal({ ...good, issuer })?.message).toContain('issuer')
      expect(refusal({ ...good, issuer, [allowInsecureLoopback]: true })).toBeUndefined()
    }
    for (const issuer of ['http://as.example', 'http://localhost.evil.example', 'http://127.0.0.1@evil.example'])
      expect(refusal({ ...good, issuer, [allowInsecureLoopback]: true })?.message).toContain('issuer')
  })
})

import { createBff } from 'tokenward/bff'
import { createSessionPool } from 'tokenward/node'
import { describe, expect, it } from 'vitest'

const pool = (redirectUri?: string) =>
  createSessionPool({
    issuer: 'https://as.example',
    clientId: 'web',
    resources: ['https://api.example/v1', 'https://other.example'],
    ...(redirectUri !== undefined && { redirectUri }),
  })
const sessions = pool('https://app.example/auth/callback')

describe('createBff', () => {
  it.each([
    ['https://app.example/auth/callback', 'https://app.example', '/auth'],
    ['https://app.example:8443/a/b-c/callback', 'https://app.example:8443', '/a/b-c'],
    ['http://127.0.0.1:3000/x/callback', 'http://127.0.0.1:3000', '/x'],
  ])('takes its place from the redirect URI %s', (redirectUri, origin, base) => {
    const bff = createBff({ sessions: pool(redirectUri), api: { '/api': 'https://api.example/v1' } })
    expect(bff.origin).toBe(origin)
    const paths = [`${base}/login`, `${base}/session`, '/api', '/api/x', `${base}/`, base, '/apix', '/login']
    expect(paths.map(bff.handles)).toEqual([true, true, true, true, false, false, false, false])
  })

  it.each([
    undefined,
    'https://app.example/callback',
    'https://app.example/auth/callback?x=1',
    'https://app.example/auth/returned',
    'https://app.example:443/auth/callback',
    'https://App.example/auth/callback',
    'com.example.app:/auth/callback',
  ])('refuses the redirect URI %s', (redirectUri) => {
    expect(() => createBff({ sessions: pool(redirectUri) })).toThrow('redirectUri of sessions')
  })

  it.each<[string, object]>([
    ['sessions', { sessions: {} }],
    ["api['api']", { api: { api: 'https://api.example/v1' } }],
    ["api['/']", { api: { '/': 'https://api.example/v1' } }],
    ["api['/api/']", { api: { '/api/': 'https://api.example/v1' } }],
    ["api['/auth/api']", { api: { '/auth/api': 'https://api.example/v1' } }],
    ["api['/a/../b']", { api: { '/a/../b': 'https://api.example/v1' } }],
    ["api['/a%2fb']", { api: { '/a%2fb': 'https://api.example/v1' } }],
    ["api['/api'].url", { api: { '/api': 'https://api.example/v1/../v2' } }],
    ["api['/api'].url", { api: { '/api': 'https://api.example/v1?x=1' } }],
    ["api['/api'].url", { api: { '/api': 'https://user@api.example/v1' } }],
    ["api['/api'].url", { api: { '/api': 'http://api.example/v1' } }],
    ["api['/api'].url", { api: { '/api': 'https://api.example/v2' } }],
    ["api['/api'].url", { api: { '/api': {} } }],
    ["api['/api'].timeout", { api: { '/api': { url: 'https://api.example/v1', timeout: 0 } } }],
    ["api['/api'].maxBodySize", { api: { '/api': { url: 'https://api.example/v1', maxBodySize: -1 } } }],
    ...['Cookie', 'Authorization', 'Host', 'X-Forwarded-For', 'Transfer-Encoding', 'Origin', 'X-Tokenward', 'a b'].map(
      (name): [string, object] => [
        "api['/api'].requestFields",
        { api: { '/api': { url: 'https://api.example/v1', requestFields: [name] } } },
      ],
    ),
    ["api['/api'].setCookies", { api: { '/api': { url: 'https://api.example/v1', setCookies: ['__Host-session'] } } }],
    ['pageTokens', { pageTokens: [{ resource: 'https://api.example/' }] }],
    ['pageTokens', { pageTokens: [{ scope: '' }] }],
    ['pageTokens', { pageTokens: {} }],
    ['pageTokens', { pageTokens: [null] }],
    ['cookie.name', { cookie: { name: 'a b' } }],
    ['cookie.prefix', { cookie: { prefix: '' } }],
    ['cookie.sameSite', { cookie: { sameSite: 'None' } }],
    ['cookie.maxAge', { cookie: { maxAge: 0 } }],
    ['origins', { origins: ['https://www.example/'] }],
    ['origins', { origins: ['*'] }],
    ['origins', { origins: ['null'] }],
    ['claims', { claims: 'sub' }],
    ['signInFailed', { signInFailed: '//evil.example' }],
    ['backchannelLogout', { backchannelLogout: {} }],
    ['onRefusal', { onRefusal: 1 }],
    ['forwarded', { forwarded: 'yes' }],
    ['clock', { clock: Date }],
    ['claim', { claim: ['sub'] }],
    ['cookie.samesite', { cookie: { samesite: 'Lax' } }],
    ["api['/api'].limit", { api: { '/api': { url: 'https://api.example/v1', limit: 1 } } }],
    ["api['/api'].webSockets", { api: { '/api': { url: 'https://api.example/v1', webSockets: 'yes' } } }],
    ["api['/api'].requestFields", { api: { '/api': { url: 'https://api.example/v1', requestFields: 'x-one' } } }],
  ])('names a wrong %s', (name, options) => {
    expect(() => createBff({ sessions, ...options })).toThrow(`Option ${name} has to be`)
  })
})

describe('BFF-04: the cookies of a site with https', () => {
  const login = async (cookie: object, base = '/auth') => {
    const bff = createBff({
      cookie,
      sessions: createSessionPool({
        issuer: 'https://as.example',
        metadata: {
          issuer: 'https://as.example',
          authorization_endpoint: 'https://as.example/authorize',
          token_endpoint: 'https://as.example/token',
        },
        clientId: 'web',
        redirectUri: `https://app.example${base}/callback`,
      }),
    })
    const [begun] = (await bff(new Request(`https://app.example${base}/login`)))?.headers.getSetCookie() ?? []
    const out = new Request(`https://app.example${base}/logout`, { method: 'POST', headers: { 'x-tokenward': '1' } })
    const [ended] = (await bff(out))?.headers.getSetCookie() ?? []
    return [begun, ended]
  }

  it('belong to this host alone, and are hidden from script', async () => {
    expect(await login({})).toEqual([
      expect.stringMatching(
        /^__Host-session-sign-in-[\w-]{16}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600$/,
      ),
      '__Host-session=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0',
    ])
  })

  it.each([
    ['/shop/auth', 'session-shop-auth'],
    ['/shop-auth', 'session-[0-9a-f]{16}'],
    ['/~ann/shop.v2', 'session-[0-9a-f]{16}'],
    ['/sign-in/auth', 'session-[0-9a-f]{16}'],
    ['/long'.repeat(20), 'session-[0-9a-f]{16}'],
  ])('are not those of another backend of this host: below %s they are called %s', async (base, name) => {
    expect(await login({}, base)).toEqual([
      expect.stringMatching(`^__Host-${name}-sign-in-[\\w-]{16}=`),
      expect.stringMatching(`^__Host-${name}=;`),
    ])
  })

  it('have different names for paths that look alike', async () => {
    const begin = '/organisations/acme/applications'
    const bases = [`${begin}/crm/auth`, `${begin}/erp/auth`, '/v1.2/auth', '/v1/2/auth', '/shop-a/auth', '/shop/a/auth']
    const names = await Promise.all(bases.map(async (base) => (await login({}, base))[1]))
    expect(new Set(names).size).toBe(bases.length)
  })

  it('are called as the options say', async () => {
    expect(await login({ name: 'admin', prefix: '__Host-Http-', sameSite: 'Lax' })).toEqual([
      expect.stringMatching(/^__Host-Http-admin-sign-in-/),
      '__Host-Http-admin=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
    ])
  })
})

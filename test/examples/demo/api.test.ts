import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../../examples/demo/authorization-server.ts'
import { plainOAuthClient } from './plain-oauth-client.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const origin = 'http://127.0.0.1:4711'

describe('the protected API of the demo', () => {
  let server: AuthorizationServer
  let api: Api
  let token: string
  let refresh: () => Promise<string>

  beforeEach(async () => {
    server = await startAuthorizationServer({ redirectUris: [redirectUri], autoLogin: 'alice' })
    api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [origin] })
    const client = plainOAuthClient(server, redirectUri)
    const tokens = await client.signIn()
    token = tokens.access_token
    refresh = async () => (await (await client.refresh(tokens.refresh_token ?? '')).json()).access_token
  })
  afterEach(() => Promise.all([server.stop(), api.stop()]))

  const call = (bearer?: string) =>
    fetch(`${api.origin}/notes`, { headers: { origin, ...(bearer && { authorization: `Bearer ${bearer}` }) } })

  it('answers a valid token and lets its origin read the answer', async () => {
    const response = await call(token)
    expect(response.status).toBe(200)
    expect((await response.json()).notes[0]).toBe('Hello alice')
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')).toContain('www-authenticate')
  })

  it('challenges without an error when there is no token, with one when it is bad', async () => {
    const [bare, bad] = [await call(), await call(`${token.slice(0, -4)}AAAA`)]
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="notes", DPoP realm="notes", algs="ES256 Ed25519 EdDSA RS256 PS256"',
    ])
    expect(bad.status).toBe(401)
    expect(bad.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it('refuses a token for another audience', async () => {
    const other = await startApi({ issuer: server.issuer, audience: 'urn:example:other', origins: [] })
    try {
      const response = await fetch(`${other.origin}/notes`, { headers: { authorization: `Bearer ${token}` } })
      expect(response.status).toBe(401)
    } finally {
      await other.stop()
    }
  })

  it('denies one token until a refreshed one comes', async () => {
    api.denyNextToken()
    expect((await call(token)).status).toBe(401)
    expect((await call(token)).status).toBe(401)
    expect((await call(await refresh())).status).toBe(200)
    expect((await call(token)).status).toBe(401)
    expect(api.requests.map(({ status }) => status)).toEqual([401, 401, 200, 401])
  })

  it('rejects the next N, slows down and fails', async () => {
    api.rejectNext(2)
    expect([(await call(token)).status, (await call(token)).status, (await call(token)).status]).toEqual([
      401, 401, 200,
    ])
    api.setLatency(100)
    const started = performance.now()
    await call(token)
    expect(performance.now() - started).toBeGreaterThan(95)
    api.setFailing(true)
    expect((await call(token)).status).toBe(503)
    api.reset()
    expect((await call(token)).status).toBe(200)
  })

  it('goes on while the authorization server is down', async () => {
    await server.setDown('refused')
    expect((await call(token)).status).toBe(200)
  })
})

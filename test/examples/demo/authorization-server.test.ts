import { text } from 'node:stream/consumers'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../../examples/demo/authorization-server.ts'
import { startLoopbackServer } from '../../../examples/demo/loopback-server.ts'
import { fingerprint } from '../../../examples/demo/token-endpoint.ts'
import { plainOAuthClient, type TokenAnswer } from './plain-oauth-client.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'

describe('the authorization server of demo and suite', () => {
  let server: AuthorizationServer
  let client: ReturnType<typeof plainOAuthClient>
  const warn = vi.spyOn(console, 'warn')
  const info = vi.spyOn(console, 'info')

  beforeEach(async () => {
    server = await startAuthorizationServer({ redirectUris: [redirectUri], autoLogin: 'alice', accessTokenTtl: 42 })
    client = plainOAuthClient(server, redirectUri)
  })
  afterEach(() => server.stop())

  const refreshed = async (tokens: TokenAnswer): Promise<TokenAnswer> =>
    (await client.refresh(tokens.refresh_token ?? '')).json()

  it('signs in without a page and says nothing on the console', async () => {
    const callback = new URL(await client.authorize())
    expect(callback.searchParams.get('iss')).toBe(server.issuer)
    expect(callback.searchParams.get('code')).toBeTruthy()
    expect(warn).not.toHaveBeenCalled()
    expect(info).not.toHaveBeenCalled()
  })

  it('requires PKCE with S256', async () => {
    const plain = new URL(await client.authorize({ code_challenge_method: 'plain' }))
    expect(plain.searchParams.get('error')).toBe('invalid_request')
    const without = new URL(await client.authorize({ code_challenge: '', code_challenge_method: '' }))
    expect(without.searchParams.get('error')).toBe('invalid_request')
  })

  it('issues JWT access tokens for its audience, with the lifetime asked for', async () => {
    const tokens = await client.signIn()
    expect(tokens.expires_in).toBe(42)
    expect(decodeProtectedHeader(tokens.access_token).typ).toBe('at+jwt')
    expect(decodeJwt(tokens.access_token)).toMatchObject({ iss: server.issuer, aud: server.audience, sub: 'alice' })
    server.setAccessTokenTtl(7)
    expect((await refreshed(tokens)).expires_in).toBe(7)
  })

  it('rotates, and ends the grant on reuse', async () => {
    const first = await client.signIn()
    const second = await refreshed(first)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(server.requests.map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
      ['authorization_code', 'ok'],
      ['refresh_token', 'ok'],
    ])
    expect(server.requests[1]).toMatchObject({
      refreshToken: fingerprint(first.refresh_token),
      issued: fingerprint(second.refresh_token),
      subject: 'alice',
    })
    expect(server.reuseCount).toBe(0)
    expect((await client.refresh(first.refresh_token ?? '')).status).toBe(400)
    expect(server.reuseCount).toBe(1)
    expect(await (await client.refresh(second.refresh_token ?? '')).json()).toMatchObject({ error: 'invalid_grant' })
    expect(server.reuseCount).toBe(1)
  })

  it('revokes a grant without touching the one of another sign-in', async () => {
    const [first, second] = [await client.signIn(), await client.signIn()]
    expect((await client.revoke(first.refresh_token ?? '')).status).toBe(200)
    expect((await client.refresh(first.refresh_token ?? '')).status).toBe(400)
    expect((await client.refresh(second.refresh_token ?? '')).status).toBe(200)
    expect(server.revocations).toMatchObject([{ status: 200, token: fingerprint(first.refresh_token) }])
  })

  it('ends all grants of a person', async () => {
    const tokens = await client.signIn()
    expect(server.revokeGrants('bob')).toBe(0)
    expect(server.revokeGrants('alice')).toBeGreaterThan(0)
    expect((await client.refresh(tokens.refresh_token ?? '')).status).toBe(400)
    expect(server.reuseCount).toBe(0)
  })

  it("lets only its client's origins call it", async () => {
    const tokens = await client.signIn()
    const from = async (origin: string) => {
      const body = new URLSearchParams({
        client_id: server.clientId,
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
      })
      const response = await fetch(`${server.issuer}/token`, { method: 'POST', headers: { origin }, body })
      return [response.status, response.headers.get('access-control-allow-origin')]
    }
    expect(await from('http://127.0.0.1:1')).toEqual([400, null])
    expect(await from('http://127.0.0.1:4711')).toEqual([200, 'http://127.0.0.1:4711'])
  })

  it('is slow when told to', async () => {
    const tokens = await client.signIn()
    server.setLatency(150)
    const started = performance.now()
    await refreshed(tokens)
    expect(performance.now() - started).toBeGreaterThan(145)
  })

  it('processes a request whose answer it drops', async () => {
    const tokens = await client.signIn()
    server.dropNextAnswer()
    await expect(client.refresh(tokens.refresh_token ?? '')).rejects.toThrow()
    expect(server.requests.at(-1)).toMatchObject({ outcome: 'ok', answerDropped: true })
    expect((await client.refresh(tokens.refresh_token ?? '')).status).toBe(400)
    expect(server.reuseCount).toBe(1)
  })

  it('is down in two ways and comes back with what it knew', async () => {
    const tokens = await client.signIn()
    await server.setDown('refused')
    await expect(client.refresh(tokens.refresh_token ?? '')).rejects.toThrow()
    await server.setDown('unavailable')
    const unavailable = await client.refresh(tokens.refresh_token ?? '')
    expect(unavailable.status).toBe(503)
    expect(unavailable.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:4711')
    await server.setDown(false)
    const next = await refreshed(tokens)
    await server.restart()
    expect((await client.refresh(next.refresh_token ?? '')).status).toBe(200)
  })

  it('shows a page where a person chooses when nobody is chosen', async () => {
    server.setAutoLogin(undefined)
    const interaction = await client.authorize()
    expect(new URL(interaction).pathname).toMatch(/^\/interaction\//)
  })

  it('signs everybody out everywhere, ends their grants, and tells the client of each sign-in', async () => {
    const told: string[] = []
    const listener = await startLoopbackServer(async (req, res) => {
      told.push(new URLSearchParams(await text(req)).get('logout_token') ?? '')
      res.end()
    })
    const backchannelLogoutUri = `${listener.origin}/backchannel-logout`
    const own = await startAuthorizationServer({ redirectUris: [redirectUri], autoLogin: 'bob', backchannelLogoutUri })
    try {
      const [one, other] = [plainOAuthClient(own, redirectUri), plainOAuthClient(own, redirectUri)]
      const signedIn = [await one.signIn(), await other.signIn()]
      expect(await own.logOutEverywhere()).toBe(2)
      const ids = signedIn.map(({ access_token }) => decodeJwt(access_token).sid)
      expect(new Set(ids).size).toBe(2)
      expect(told.map((token) => decodeJwt(token).sid).sort()).toEqual(ids.sort())
      expect(decodeJwt(told[0] ?? '')).toMatchObject({ iss: own.issuer, sub: 'bob', aud: own.clientId })
      for (const { refresh_token } of signedIn) expect((await one.refresh(refresh_token ?? '')).status).toBe(400)
      expect(await own.logOutEverywhere()).toBe(0)
    } finally {
      await Promise.all([own.stop(), listener.refuse()])
    }
  })

  it('takes nothing but pushed requests where that is required', async () => {
    const own = await startAuthorizationServer({ redirectUris: [redirectUri], autoLogin: 'alice', pushed: true })
    try {
      const answer = new URL(await plainOAuthClient(own, redirectUri).authorize())
      expect(answer.searchParams.get('error')).toBe('invalid_request')
    } finally {
      await own.stop()
    }
  })
})

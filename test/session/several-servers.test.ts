import { describe, expect, it } from 'vitest'
import {
  allowInsecureLoopback,
  type Fetch,
  pushedAuthorizationRequests,
  type TokenManagerOptions,
} from '../../src/index.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { itInDevelopment } from '../support/sentences.ts'
import { idToken, json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

const other = 'https://other.example'
const redirectUri = 'https://app.example/callback'
const scope = 'notes'

const metadataOf = (issuer: string, more: object = {}) => ({
  ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
  ...more,
})

/** The world's honest server, a second one whose metadata is `metadata`, and all that the second one was told. */
function both(w: World, metadata: Record<string, unknown>) {
  const told: string[] = []
  const fetch: Fetch = async (input, init) => {
    const request = new Request(input as Request, init)
    if (!request.url.startsWith(other)) return w.server.fetch(request)
    told.push(`${request.url} ${await request.text()}`)
    if (request.url.endsWith('/token')) return json({ access_token: 'other-at', token_type: 'Bearer', expires_in: 300 })
    return json(metadata)
  }
  const agent = scriptedUserAgent((url) => w.server.authorize(url), 'redirect')
  const honest: Partial<TokenManagerOptions> = { userAgent: agent, redirectUri, scope, fetch }
  return { told, agent, honest, second: { ...honest, issuer: other } }
}

describe('several authorization servers in one app', () => {
  it('ACQ-05: a server that sends people to another one never gets the code they come back with', async () => {
    const w = world()
    const { told, agent, second } = both(
      w,
      metadataOf(other, { authorization_endpoint: `${w.server.issuer}/authorize` }),
    )
    void w.context(second).manager.signIn()
    await w.settle()
    expect(agent.visited[0]).toContain(w.server.issuer)
    const landed = w.context(second)
    expect(await w.after(100, landed.manager.ready())).toMatchObject({
      ...{ status: 'signedOut', reason: 'sign_in_failed', error: { reason: 'issuer_mismatch' } },
    })
    expect(told.filter((one) => /token|code/.test(one))).toEqual([])
    expect(w.server.requests).toEqual([])
  })

  it.each([
    ['one redirect URI', redirectUri],
    ['two', 'https://app.example/other'],
  ])('ACQ-05: with %s each manager takes its own answer, and leaves the other’s in the address bar', async (_, uri) => {
    const w = world()
    const { told, agent, honest, second } = both(w, metadataOf(other))
    void w.context(second).manager.signIn({ loginHint: 'x' })
    void w.context({ ...second, redirectUri: uri }).manager.signIn()
    await w.settle()
    agent.landing = agent.landing?.replace(encodeURIComponent(w.server.issuer), encodeURIComponent(other))
    const { landing } = agent
    const first = w.context({ ...honest })
    await w.after(100, first.manager.ready())
    expect([agent.landing, first.manager.state.status]).toEqual([landing, 'signedOut'])
    const own = w.context({ ...second, redirectUri: uri })
    expect(await w.after(100, own.manager.ready())).toMatchObject({ status: 'signedIn' })
    expect(w.server.requests).toEqual([])
    expect(told.filter((one) => one.includes('code='))).toHaveLength(1)
  })

  it('ACQ-26: the same sub at both is two people', async () => {
    const w = world()
    const iat = Math.floor(w.clock.now() / 1000)
    const issuers = [w.server.issuer, other]
    const of = (issuer: string) => ({ issuer, metadata: metadataOf(issuer) })
    const managers = issuers.map((issuer) => w.context(of(issuer)).manager)
    for (const [n, iss] of issuers.entries()) {
      const token = idToken({ iss, aud: 'spa', sub: 'alice', iat, exp: iat + 60 })
      await w.after(100, managers[n]!.adopt({ accessToken: `at-of-${n}`, idToken: token }))
    }
    for (const [n, issuer] of issuers.entries()) {
      const { manager } = await w.opened(of(issuer))
      expect(manager.state).toMatchObject({ session: { claims: { iss: issuer, sub: 'alice' } } })
      expect((await w.after(0, manager.getAccessToken())).value).toBe(`at-of-${n}`)
    }
    await w.after(100, managers[0]!.signOut())
    expect(managers.map(({ state }) => state.status)).toEqual(['signedOut', 'signedIn'])
  })

  it('ACQ-04: an answer for the one that is handed to the other is refused, an error too', async () => {
    const w = world()
    const { agent, honest, second } = both(w, metadataOf(other))
    void w.context(honest).manager.signIn()
    await w.settle()
    const { manager } = w.context(second)
    for (const url of [agent.landing, agent.landing?.replace(/code=[^&]*/, 'error=server_error')])
      await expect(w.after(100, manager.completeSignIn(url))).rejects.toMatchObject({ reason: 'state_mismatch' })
  })
})

describe('a sign-in by pushed request', () => {
  const options: Partial<TokenManagerOptions> = {
    redirectUri,
    scope,
    pushedAuthorizationRequests: pushedAuthorizationRequests(),
  }

  it('ACQ-18: a request that the server has forgotten by the time the person gets there is pushed anew', async () => {
    const w = world()
    let pushes = 0
    const metadata = metadataOf(w.server.issuer, { pushed_authorization_request_endpoint: `${w.server.issuer}/par` })
    const asked: URLSearchParams[] = []
    const fetch: Fetch = async (input, init) => {
      const request = new Request(input as Request, init)
      if (!request.url.endsWith('/par')) return w.server.fetch(request)
      asked.push(new URLSearchParams(await request.text()))
      // The machine sleeps right after the first.
      if (++pushes === 1) await new Promise<void>((done) => void w.clock.at(w.clock.elapsed() + 6_000, done))
      return json({ request_uri: `urn:${pushes}`, expires_in: 5 }, 201)
    }
    const agent = scriptedUserAgent(async (url) => {
      const params = asked[Number(new URL(url).searchParams.get('request_uri')?.slice(4)) - 1]
      return w.server.authorize(`${w.server.issuer}/authorize?${params}`)
    })
    const { manager } = w.context({ ...options, metadata, fetch, userAgent: agent })
    expect(await w.after(7_000, manager.signIn())).toMatchObject({ status: 'signedIn' })
    expect(agent.visited.map((url) => [...new URL(url).searchParams])).toEqual([
      [
        ['client_id', 'spa'],
        ['request_uri', 'urn:2'],
      ],
    ])
    expect(asked[0]?.get('state')).not.toBe(asked[1]?.get('state'))
  })

  it('ACQ-18: a server that refuses it: typed, and the person goes nowhere', async () => {
    const w = world()
    const metadata = metadataOf(w.server.issuer, { pushed_authorization_request_endpoint: `${w.server.issuer}/par` })
    const fetch: Fetch = async (input, init) =>
      new Request(input as Request, init).url.endsWith('/par')
        ? json({ error: 'invalid_request' }, 400)
        : w.server.fetch(input, init)
    const agent = scriptedUserAgent((url) => w.server.authorize(url))
    const { manager } = w.context({ ...options, metadata, fetch, userAgent: agent })
    await expect(w.after(1_000, manager.signIn())).rejects.toMatchObject({ code: 'ERR_CLIENT_REJECTED' })
    expect([agent.visited, manager.state]).toEqual([[], { status: 'signedOut', reason: 'none' }])
  })
})

describe('what signIn() is given', () => {
  it('reaches the server under the names of the standards', async () => {
    const w = world()
    const agent = scriptedUserAgent((url) => w.server.authorize(url))
    const { manager } = w.context({
      userAgent: agent,
      redirectUri,
      scope,
      authorizationParams: { prompt: 'consent', ui_locales: 'fr' },
    })
    await w.after(
      100,
      manager.signIn({
        ...{
          prompt: 'login',
          loginHint: 'alice',
          maxAge: 61_500,
          acrValues: ['gold', 'silver'],
          uiLocales: ['de', 'en'],
        },
        claims: { id_token: { acr: { essential: true, values: ['gold'] } }, userinfo: { email: null } },
      }),
    )
    expect(Object.fromEntries(new URL(agent.visited[0] as string).searchParams)).toMatchObject({
      ...{ prompt: 'login', login_hint: 'alice', max_age: '61', acr_values: 'gold silver', ui_locales: 'de en' },
      claims: '{"id_token":{"acr":{"essential":true,"values":["gold"]}},"userinfo":{"email":null}}',
    })
    await w.after(100, manager.signIn())
    expect(new URL(agent.visited[1] as string).searchParams.get('prompt')).toBe('consent')
  })

  itInDevelopment('is checked, by name, before anything happens', async () => {
    const w = world()
    const agent = scriptedUserAgent((url) => w.server.authorize(url))
    const { manager } = w.context({ userAgent: agent, redirectUri, scope })
    const wrong: Record<string, unknown[]> = {
      prompt: [7, null, ['login']],
      loginHint: [7],
      maxAge: [-1, '5', Number.NaN, Infinity],
      acrValues: ['gold', [7]],
      uiLocales: ['de'],
      claims: ['acr', null],
      scope: [['notes']],
      returnTo: [new URL(redirectUri)],
      stepUp: [new Error(), {}, null],
      userAgent: [{}, null],
      login_hint: ['alice'],
    }
    for (const [name, values] of Object.entries(wrong))
      for (const value of values)
        await expect(manager.signIn({ [name]: value }), name).rejects.toMatchObject({
          ...{ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(`signIn.${name}`) },
        })
    expect([agent.visited, w.server.requests]).toEqual([[], []])
  })

  it.each([
    ...['response_type', 'response_mode', 'redirect_uri', 'client_id', 'scope', 'state', 'nonce', 'code_challenge'],
    ...['code_challenge_method', 'max_age', 'acr_values', 'request', 'request_uri', 'dpop_jkt'],
  ])('authorizationParams cannot hold %s: it shows at construction', (name) => {
    const create = () => world().context({ authorizationParams: { [name]: 'x' }, [allowInsecureLoopback]: true })
    expect(create).toThrow(`authorizationParams.${name}`)
  })
})

describe('what a server sends', () => {
  it('the nonce of a sign-in is spent with it: no app sees it', async () => {
    const w = world()
    w.server.subject = 'alice'
    const { manager } = w.context({
      ...{ userAgent: scriptedUserAgent((url) => w.server.authorize(url)), redirectUri, scope: 'openid' },
    })
    await w.after(100, manager.signIn())
    const { state } = manager
    expect(state).toMatchObject({ session: { claims: { sub: 'alice' } } })
    expect(state.status === 'signedIn' && state.session.claims).not.toHaveProperty('nonce')
    await w.after(100, manager.refresh())
    expect(manager.state).toBe(state)
  })

  it('ACQ-08: an endpoint without https is not used, and an event says so', async () => {
    const w = world()
    const revocation_endpoint = 'http://as.example/revoke'
    const { manager, events } = await w.signedIn({ metadata: metadataOf(w.server.issuer, { revocation_endpoint }) })
    const { revoked } = await w.after(100, manager.signOut())
    expect(await revoked).toBe('unsupported')
    expect(w.server.revoked).toEqual([])
    expect(events.filter(({ type }) => type === 'degraded')).toMatchObject([{ step: 'insecure_endpoint' }])
  })
})

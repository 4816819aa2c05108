import { describe, expect, it } from 'vitest'
import { isTransient, TokenManagerError } from '../../src/errors.ts'
import type { TokenManager } from '../../src/index.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { type ScriptedUserAgent, scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { saying } from '../support/sentences.ts'
import { idToken } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

const redirectUri = 'https://app.example/callback'
const openid = 'openid notes'

/** A popup that says yes, or a redirect that does. */
const saysYes = (w: World, how?: 'popup' | 'redirect') => scriptedUserAgent((url) => w.server.authorize(url), how)

/** A page that was left for the sign-in, and what its address bar shows now. */
async function left(w: World, agent: ScriptedUserAgent, options: { returnTo?: string; prompt?: string } = {}) {
  const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
  void manager.signIn(options)
  await w.settle()
  expect(agent.landing).toContain('code=')
}

const changed = (url: string, change: (params: URLSearchParams) => void) => {
  const parsed = new URL(url)
  change(parsed.searchParams)
  return parsed.href
}

/** `url` with other parameters; `undefined` takes one away. */
const answered = (url: string, values: Record<string, string | undefined>) =>
  changed(url, (params) => {
    for (const [name, value] of Object.entries(values))
      if (value === undefined) params.delete(name)
      else params.set(name, value)
  })

describe('signing in by redirect', () => {
  it('ready() completes it on the page that comes back, once, with returnTo', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent, { returnTo: '/notes?x=1' })
    const { manager, told } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const [one, two] = await w.after(100, Promise.all([manager.ready(), manager.ready()]))
    expect(one).toBe(two)
    expect(one).toMatchObject({
      status: 'signedIn',
      session: { subject: 'alice', returnTo: '/notes?x=1', scope: openid },
    })
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-2')
    expect(agent.landing).toBe(redirectUri)
    expect(told).toContain('signed_in')
    expect(w.server.requests).toHaveLength(1)
  })

  it.each(['signed in', 'cancelled'])('shows loading until it is known what came of it: %s', async (outcome) => {
    const w = world()
    w.server.subject = 'alice'
    const before = await w.opened()
    await w.after(0, before.manager.signOut())
    before.manager.dispose()
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const isCancelled = outcome === 'cancelled'
    if (isCancelled) agent.landing = answered(`${agent.landing}`, { code: undefined, error: 'access_denied' })
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const shown: string[] = []
    manager.subscribe((state) => shown.push(state.status))
    await w.after(100, manager.ready())
    await w.settle()
    // A page that showed its button, or began a sign-in by itself, would be in the way of this one.
    expect(shown).toEqual(['loading', isCancelled ? 'signedOut' : 'signedIn'])
  })

  it('the page that comes back needs nothing but the storage: other pages hear of it', async () => {
    const w = world()
    const other = await w.opened()
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    w.server.subject = 'alice'
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    await w.after(100, manager.ready())
    await w.settle()
    expect(other.manager.state).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
    expect((other.manager.state as { session: object }).session).not.toHaveProperty('returnTo', expect.anything())
  })

  it('ERR-06: ready() never rejects: what went wrong is in the state, nothing is stored, no code leaves', async () => {
    const answers: [string, (url: string) => string, object][] = [
      [
        'unknown state',
        (url) => changed(url, (p) => p.set('state', `${p.get('state')}x`)),
        { reason: 'state_mismatch' },
      ],
      ['wrong iss', (url) => changed(url, (p) => p.set('iss', 'https://as.example/')), { reason: 'issuer_mismatch' }],
      [
        'said no',
        (url) => answered(url, { code: undefined, error: 'access_denied' }),
        { code: 'ERR_AUTHORIZATION_CANCELLED' },
      ],
      ['server error', (url) => answered(url, { code: undefined, error: 'server_error' }), { error: 'server_error' }],
      ['error of another', (url) => answered(url, { iss: 'https://x', error: 'e' }), { reason: 'issuer_mismatch' }],
      ['no code', (url) => changed(url, (p) => p.delete('code')), { reason: 'authorization_error' }],
      ['fragment', (url) => `${url}#access_token=stolen`, { reason: 'unsupported_flow' }],
    ]
    for (const [name, answer, error] of answers) {
      const w = world()
      w.server.subject = 'alice'
      const agent = saysYes(w, 'redirect')
      await left(w, agent)
      agent.landing = answer(agent.landing as string)
      const { manager, told } = w.context({ userAgent: agent, redirectUri, scope: openid })
      const state = await w.after(100, manager.ready())
      expect(state, name).toMatchObject({ status: 'signedOut', reason: 'sign_in_failed', error })
      expect((state as { error: unknown }).error).toBeInstanceOf(TokenManagerError)
      expect([name, w.server.requests.length, await w.record()]).toEqual([name, 0, undefined])
      await w.settle()
      expect(told).toEqual(['sign_in_failed'])
      await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'sign_in_failed' })
    }
  })

  it('ACQ-03: a sign-in that took more than an hour has expired, and returnTo is kept', async () => {
    const w = world()
    const agent = saysYes(w, 'redirect')
    await left(w, agent, { returnTo: '/notes' })
    await w.clock.advance(3_600_001)
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const expired = { error: { reason: 'transaction_expired' }, returnTo: '/notes' }
    expect(await w.after(100, manager.ready())).toMatchObject(expired)
    expect(w.server.requests).toHaveLength(0)
  })

  it('ACQ-03: a person may take most of an hour, for a new password or a second factor', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    await w.clock.advance(3_500_000)
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    expect(await w.after(100, manager.ready())).toMatchObject({ status: 'signedIn' })
  })

  it('ACQ-03: two sign-ins on their way at once do not overwrite each other', async () => {
    const w = world()
    w.server.subject = 'alice'
    const [one, two] = [saysYes(w, 'redirect'), saysYes(w, 'redirect')]
    await left(w, one, { returnTo: '/one' })
    await left(w, two, { returnTo: '/two' })
    for (const [agent, returnTo] of [
      [one, '/one'],
      [two, '/two'],
    ] as const) {
      const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
      expect(await w.after(100, manager.ready())).toMatchObject({ status: 'signedIn', session: { returnTo } })
    }
  })

  it("a page's own parameters and another client's answers are none of its business", async () => {
    const w = world()
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const landing = agent.landing as string
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid, clientId: 'other' })
    expect(await w.after(100, manager.ready())).toEqual({ status: 'signedOut', reason: 'none' })
    expect(agent.landing).toBe(landing)
  })

  it('a failed sign-in takes no living session away', async () => {
    const w = world()
    const agent = saysYes(w, 'redirect')
    await w.signedIn()
    await left(w, agent)
    agent.landing = changed(agent.landing as string, (params) => params.set('iss', 'https://evil.example'))
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    expect(await w.after(100, manager.ready())).toMatchObject({ status: 'signedIn', health: 'ok' })
  })
})

describe('answers that fit no sign-in', () => {
  const opened = (w: World, agent: ScriptedUserAgent) => w.context({ userAgent: agent, redirectUri, scope: openid })

  it.each([
    [
      'error=server_error',
      { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'authorization_error', error: 'server_error' },
    ],
    ['error=login_required&iss=x', { reason: 'interaction_required', error: 'login_required' }],
    ['error=access_denied', { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled', error: 'access_denied' }],
    ['error=temporarily_unavailable&state=', { reason: 'authorization_error', error: 'temporarily_unavailable' }],
    ['code=c0de', { code: 'ERR_AUTHORIZATION_REJECTED', reason: 'state_mismatch' }],
  ])(
    'ACQ-03: without state, while this tab waits for one: %s ends in sign_in_failed, and no sign-in is touched',
    async (given, error) => {
      const w = world()
      w.server.subject = 'alice'
      const agent = saysYes(w, 'redirect')
      await left(w, agent, { returnTo: '/notes' })
      const answer = agent.landing
      agent.landing = `${redirectUri}?${given}`
      const { manager, told } = opened(w, agent)
      expect(await w.after(100, manager.ready())).toMatchObject({
        status: 'signedOut',
        reason: 'sign_in_failed',
        error,
      })
      expect(told).toEqual(['sign_in_failed'])
      expect(w.server.requests).toEqual([])
      // It was anybody's: the real answer still completes the sign-in.
      agent.landing = answer
      const real = { status: 'signedIn', session: { returnTo: '/notes' } }
      expect(await w.after(100, opened(w, agent).manager.ready())).toMatchObject(real)
    },
  )

  it('ACQ-03: by hand an error without state is that error', async () => {
    const w = world()
    const { manager } = opened(w, saysYes(w))
    for (const given of ['?error=server_error', '#error=server_error', '?tenant=a#x=y&error=server_error']) {
      const call = manager.completeSignIn(redirectUri + given)
      await expect(w.after(100, call)).rejects.toMatchObject({ reason: 'authorization_error', error: 'server_error' })
    }
    expect(manager.state).toEqual({ status: 'signedOut', reason: 'none' })
  })

  it('ACQ-03: a living session stays, whatever comes without state', async () => {
    const w = world()
    await w.signedIn()
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    agent.landing = `${redirectUri}?error=server_error`
    const { manager, told } = opened(w, agent)
    expect(await w.after(100, manager.ready())).toMatchObject({ status: 'signedIn', health: 'ok' })
    expect(told).toEqual(['sign_in_failed'])
  })

  it('ACQ-03: a start URL that nobody waits for, used or forged, is ignored at each reload', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const start = agent.landing as string
    expect(await w.after(100, opened(w, agent).manager.ready())).toMatchObject({ status: 'signedIn' })
    await w.after(100, opened(w, agent).manager.signOut())
    for (const url of [start, changed(start, (params) => params.set('state', `${params.get('state')}x`)), start]) {
      agent.landing = url
      const { manager, told } = opened(w, agent)
      expect(await w.after(100, manager.ready())).toEqual({ status: 'signedOut', reason: 'signed_out' })
      expect(told).toEqual([])
    }
    expect(w.server.requests).toHaveLength(1)
  })
})

describe('sign-ins that come back in vain', () => {
  const error = 'server_error'
  /** A program that begins the next sign-in whenever nobody is signed in: what came of each. */
  async function circle(w: World, agent: ScriptedUserAgent, rounds: number, options: object = {}) {
    const outcomes: unknown[] = []
    for (let round = 0; round < rounds; round++) {
      const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid, ...options })
      await w.after(100, manager.ready())
      manager.signIn().catch((error) => outcomes.push(error))
      await w.clock.advance(100)
    }
    return outcomes
  }

  it.each([
    ['with state', (url: string) => answered(url, { code: undefined, error })],
    ['without state', () => `${redirectUri}?error=${error}`],
    ['with a state that was mangled', (url: string) => changed(url, (p) => p.set('state', `${p.get('state')}x`))],
    ['with a code that is refused', (url: string) => url],
  ])('ACQ-03: %s: three of them, and the next ones reject and say why', async (how, answer) => {
    const w = world()
    w.server.before = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    const agent = scriptedUserAgent((url) => answer(w.server.authorize(url)), 'redirect')
    const began = w.clock.now()
    const outcomes = await circle(w, agent, 14)
    expect(agent.visited).toHaveLength(3)
    expect(outcomes).toHaveLength(11)
    const { retryAt = 0, message } = outcomes[0] as TokenManagerError
    expect(outcomes[0]).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'sign_in_loop' })
    expect(message).toEqual(saying('Three sign-ins failed, the last with'))
    if (how.includes('out state')) expect(outcomes[0]).toMatchObject({ error })
    expect(retryAt - began).toBeGreaterThanOrEqual(30_000)
    w.clock.jump(retryAt - w.clock.now())
    expect(await circle(w, agent, 1)).toEqual([])
    expect(agent.visited).toHaveLength(4)
  })

  it('does not count those that came back long ago, nor those before a sign-in that did not', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = scriptedUserAgent((url) => answered(w.server.authorize(url), { code: undefined, error }))
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const vain = () =>
      expect(w.after(100, manager.signIn())).rejects.toMatchObject({ error, reason: 'authorization_error' })
    await vain()
    await w.clock.advance(30_000)
    await vain()
    await vain()
    agent.answer = (url) => w.server.authorize(url)
    await w.after(100, manager.signIn())
    agent.answer = (url) => answered(w.server.authorize(url), { code: undefined, error })
    await vain()
    await vain()
    await vain()
    await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ reason: 'sign_in_loop', error })
    expect(manager.state.status).toBe('signedIn')
  })

  it('does not count people who closed the sign-in, and begins none for other tabs that wait', async () => {
    const w = world()
    const agent = saysYes(w)
    const { manager } = w.context({ userAgent: agent, redirectUri })
    agent.answer = async () => {
      throw new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled')
    }
    for (let times = 0; times < 5; times++)
      await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ reason: 'cancelled' })
    expect(agent.visited).toHaveLength(5)
  })

  it('counts refusals of the server: a policy that refuses without a question would send a page round for ever', async () => {
    const w = world()
    const agent = scriptedUserAgent((url) =>
      answered(w.server.authorize(url), { code: undefined, error: 'access_denied' }),
    )
    const { manager } = w.context({ userAgent: agent, redirectUri })
    for (let times = 0; times < 3; times++)
      await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ reason: 'cancelled' })
    await expect(w.after(100, manager.signIn())).rejects.toMatchObject({
      reason: 'sign_in_loop',
      error: 'access_denied',
    })
    expect(agent.visited).toHaveLength(3)
  })
})

describe('completing a sign-in by hand', () => {
  it('ACQ-03: the same answer twice at once joins (StrictMode); later it is used, and nothing is sent', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const url = agent.landing as string
    agent.landing = undefined
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const both = await w.after(100, Promise.all([manager.completeSignIn(url), manager.completeSignIn(url)]))
    expect(both[0]).toMatchObject({ status: 'signedIn' })
    await expect(w.after(100, manager.completeSignIn(url))).rejects.toMatchObject({
      ...{ code: 'ERR_AUTHORIZATION_REJECTED', reason: 'state_mismatch' },
    })
    expect(manager.state).toBe(both[1])
    expect(w.server.requests).toHaveLength(1)
  })

  it('mounted, unmounted and mounted again in one turn (StrictMode), the answer is not lost', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent, { returnTo: '/x' })
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const seen: string[] = []
    manager.subscribe(() => {})()
    manager.dispose()
    manager.subscribe(({ status }) => seen.push(status))
    await w.after(100, manager.ready())
    await w.settle()
    expect(manager.state).toMatchObject({ status: 'signedIn', session: { returnTo: '/x' } })
    expect(seen.at(-1)).toBe('signedIn')
    expect(w.server.requests).toHaveLength(1)
  })

  it('ACQ-03: disposed of in the turn of the call, it is completed all the same, and the manager stays ended', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const { manager, lifecycle, store } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const pending = w.clock.pending
    const completed = manager.completeSignIn()
    manager.dispose()
    await w.after(100, completed)
    expect(await w.record()).toMatchObject({ claims: { sub: 'alice' } })
    const { get } = store.count
    lifecycle.resume()
    await w.settle()
    expect([store.count.get, w.clock.pending, manager.state.status]).toEqual([get, pending, 'loading'])
  })

  it('ACQ-03: signIn() of a manager that is disposed of in the same turn is found by the page that comes back', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    void manager.signIn()
    manager.dispose()
    await w.settle()
    const next = w.context({ userAgent: agent, redirectUri, scope: openid })
    expect(await w.after(100, next.manager.ready())).toMatchObject({ status: 'signedIn' })
  })

  it('what follows a # in the address, or is in another order, is no part of the answer', async () => {
    for (const change of [
      (url: string) => `${url}#/notes?state=other`,
      (url: string) => url.replace(/\?(.*)$/, '?a=b&$1&c'),
    ]) {
      const w = world()
      w.server.subject = 'alice'
      const agent = saysYes(w, 'redirect')
      await left(w, agent)
      const url = change(agent.landing as string)
      agent.landing = undefined
      const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
      expect(await w.after(100, manager.completeSignIn(url))).toMatchObject({ status: 'signedIn' })
    }
  })

  it('ready() and completeSignIn() of a page that does both join', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const url = agent.landing as string
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    const both = await w.after(100, Promise.all([manager.ready(), manager.completeSignIn(url)]))
    expect(both).toMatchObject([{ status: 'signedIn' }, { status: 'signedIn' }])
    expect(w.server.requests).toHaveLength(1)
  })

  it.each([
    ['completeSignIn() twice', (manager: TokenManager) => [manager.completeSignIn(), manager.completeSignIn()]],
    ['ready(), and completeSignIn()', (manager: TokenManager) => [manager.ready(), manager.completeSignIn()]],
    [
      'completeSignIn(), dispose(), completeSignIn() (StrictMode)',
      (manager: TokenManager) => {
        const first = manager.completeSignIn()
        manager.dispose()
        return [first, manager.completeSignIn()]
      },
    ],
  ])('ACQ-03: without a URL the calls of one page share the answer in its address bar: %s', async (_, calls) => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w, 'redirect')
    await left(w, agent)
    const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
    await w.after(100, Promise.all(calls(manager)))
    expect(manager.state).toMatchObject({ status: 'signedIn' })
    expect(await manager.completeSignIn()).toBe(manager.state)
    expect(w.server.requests).toHaveLength(1)
  })

  it.each([
    ['the metadata cannot be loaded', 'metadata', 'network_unavailable'],
    ['the token endpoint is busy', 429, 'throttled'],
    ['the token endpoint is down', 503, 'server_unavailable'],
  ])(
    'ACQ-11: if %s, the code was not used, and completeSignIn() of that page succeeds later',
    async (_, fault, reason) => {
      const w = world()
      w.server.subject = 'alice'
      const agent = saysYes(w, 'redirect')
      await left(w, agent, { returnTo: '/notes' })
      const url = agent.landing as string
      const { manager } = w.context({ userAgent: agent, redirectUri, scope: openid })
      w.server.onDiscovery = () => {
        if (fault === 'metadata') throw new TypeError('Load failed')
        return undefined
      }
      w.server.before = () => (typeof fault === 'number' ? new Response('', { status: fault }) : undefined)
      const failed = { status: 'signedOut', reason: 'sign_in_failed', returnTo: '/notes', error: { reason } }
      expect(await w.after(15_000, manager.ready())).toMatchObject(failed)
      for (const call of [() => manager.completeSignIn(), () => manager.completeSignIn(url)]) {
        const error = await w.after(
          15_000,
          call().catch((error) => error),
        )
        expect([error.reason, isTransient(error)]).toEqual([reason, true])
      }
      w.server.onDiscovery = () => undefined
      w.server.before = () => undefined
      const signedIn = { status: 'signedIn', session: { returnTo: '/notes' } }
      expect(await w.after(100, manager.completeSignIn())).toMatchObject(signedIn)
      await expect(w.after(100, manager.completeSignIn(url))).rejects.toMatchObject({ reason: 'state_mismatch' })
    },
  )

  it('without an answer to complete it says so', async () => {
    const w = world()
    const { manager } = w.context({ userAgent: saysYes(w), redirectUri })
    await expect(manager.completeSignIn()).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_REJECTED' })
    for (const url of ['', 'nonsense', redirectUri, `${redirectUri}?code=x`, `${redirectUri}?state=%`])
      await expect(w.after(100, manager.completeSignIn(url)), url).rejects.toMatchObject({ reason: 'state_mismatch' })
    expect(w.server.requests).toHaveLength(0)
  })

  it('ACQ-11: the code is sent once, even if the answer is lost', async () => {
    const w = world()
    const { manager } = w.context({ userAgent: saysYes(w), redirectUri, scope: openid })
    w.server.before = () => {
      throw new TypeError('fetch failed')
    }
    await expect(w.after(5_000, manager.signIn())).rejects.toMatchObject({ reason: 'code_exchange_indeterminate' })
    expect(w.server.requests).toHaveLength(1)
    expect(manager.state.status).toBe('signedOut')
  })

  it('ACQ-24: an answer whose ID token is wrong stores nothing, and what it brought is revoked', async () => {
    const w = world()
    w.server.subject = 'alice'
    w.server.claims = { nonce: 'of another sign-in' }
    const { manager } = w.context({ userAgent: saysYes(w), redirectUri, scope: openid })
    await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ reason: 'id_token_nonce' })
    await w.settle()
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-2'])
    expect(await w.record()).toBeUndefined()
  })
})

describe('signing in with a user agent that stays', () => {
  it('signIn() resolves signed in, and asks for what it was told to', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w)
    const { manager } = w.context({
      userAgent: agent,
      redirectUri,
      scope: openid,
      authorizationParams: { audience: 'api' },
    })
    const state = await w.after(100, manager.signIn({ loginHint: 'alice', returnTo: '/x', scope: `${openid} more` }))
    expect(state).toMatchObject({ status: 'signedIn', session: { scope: `${openid} more`, returnTo: '/x' } })
    const asked = Object.fromEntries(new URL(agent.visited[0] as string).searchParams)
    expect(asked).toMatchObject({
      ...{ response_type: 'code', client_id: 'spa', redirect_uri: redirectUri, code_challenge_method: 'S256' },
      ...{ login_hint: 'alice', audience: 'api', scope: `${openid} more` },
    })
    expect(JSON.stringify(asked)).not.toContain('/x')
  })

  it('cancelling rejects with what the user agent says, leaves the state, and undoes what was prepared', async () => {
    const w = world()
    let undone = 0
    const agent: ScriptedUserAgent = {
      ...saysYes(w),
      prepare: () => () => void undone++,
      authorize: async () => {
        throw new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled')
      },
    }
    const { manager } = w.context({ userAgent: agent, redirectUri })
    await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    expect(manager.state).toEqual({ status: 'signedOut', reason: 'none' })
    expect(undone).toBe(1)
  })

  it('prepare() runs in the very turn of the call, inside the click', async () => {
    const w = world()
    let prepared = false
    const prepare = () => {
      prepared = true
      return () => {}
    }
    const agent: ScriptedUserAgent = { ...saysYes(w), prepare }
    const { manager } = w.context({ userAgent: agent, redirectUri })
    const done = manager.signIn()
    expect(prepared).toBe(true)
    await w.after(100, done)
  })

  const replacing: [string, string | undefined, string | undefined, boolean, string[]][] = [
    ['the same person’s are dropped', 'alice', 'alice', false, []],
    ['the same person’s are revoked with revokeReplaced', 'alice', 'alice', true, ['rt-2', 'at-2']],
    ['another person’s are revoked', 'alice', 'bob', false, ['rt-2', 'at-2']],
    ['dropped where nobody tells who it is', undefined, undefined, false, []],
    ['revoked where the new one may be anybody', 'alice', undefined, false, ['rt-2', 'at-2']],
  ]
  it.each(replacing)('of the tokens that a sign-in replaces %s', async (_, first, second, revokeReplaced, revoked) => {
    const w = world()
    const options = { userAgent: saysYes(w), redirectUri, revokeReplaced }
    w.server.subject = first
    const { manager } = w.context({ ...options, scope: first ? openid : 'notes' })
    await w.after(100, manager.signIn())
    const before = (await w.record())!.grantId
    w.server.subject = second
    await w.after(1_000, manager.signIn({ scope: second ? openid : 'notes' }))
    expect((await w.record())!.grantId).not.toBe(before)
    expect(w.server.revoked.map(({ token }) => token)).toEqual(revoked)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-4')
    expect((await w.record())?.outbox).toEqual([])
  })

  it('a token that is handed over again is never revoked, whatever waits in the outbox', async () => {
    const w = world()
    const { manager } = await w.signedIn({ revokeReplaced: true })
    await w.after(1_000, manager.adopt({ accessToken: 'at-new', refreshToken: 'rt-1', expiresAt: w.clock.now() + 9e5 }))
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['at-1'])
    w.server.onRevoke = () => new Response('', { status: 503 })
    await w.after(1_000, manager.signOut())
    await w.after(1_000, manager.adopt({ accessToken: 'at-x', refreshToken: 'rt-1', expiresAt: w.clock.now() + 9e5 }))
    w.server.onRevoke = () => undefined
    await w.clock.advance(10_000)
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['at-1', 'at-new'])
  })

  it('what a failed sign-in brought is revoked, but not beside a living session, whose grant it may be of', async () => {
    for (const revokeReplaced of [false, true]) {
      const w = world()
      w.server.subject = 'alice'
      const { manager } = w.context({ userAgent: saysYes(w), redirectUri, scope: openid, revokeReplaced })
      await w.after(100, manager.signIn())
      w.server.claims = { nonce: 'of another sign-in' }
      await expect(w.after(100, manager.signIn())).rejects.toMatchObject({ reason: 'id_token_nonce' })
      await w.settle()
      expect(w.server.revoked.map(({ token }) => token)).toEqual(revokeReplaced ? ['rt-4'] : [])
      expect(manager.state.status).toBe('signedIn')
    }
  })

  it('ACQ-27: a silent sign-in that brings another person ends the session everywhere and keeps nothing of either', async () => {
    const w = world()
    w.server.subject = 'alice'
    const a = w.context({ userAgent: saysYes(w), redirectUri, scope: openid })
    await w.after(100, a.manager.signIn())
    const b = await w.opened()
    w.server.subject = 'bob'
    await expect(w.after(1_000, a.manager.signIn({ prompt: 'none' }))).rejects.toMatchObject({ reason: 'user_changed' })
    await w.clock.advance(1_000)
    for (const { manager } of [a, b])
      expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
    expect(w.server.revoked.map(({ token }) => token).sort()).toEqual(['at-2', 'at-4', 'rt-2', 'rt-4'])
    expect(await w.record()).toMatchObject({ accessTokens: {}, outbox: [], signedOut: { reason: 'user_changed' } })
    w.server.subject = 'alice'
    await w.after(100, a.manager.signIn())
    await expect(w.after(100, a.manager.signIn({ prompt: 'none' }))).resolves.toMatchObject({
      session: { subject: 'alice' },
    })
  })

  it('a person who signs in as someone else on purpose is announced', async () => {
    const w = world()
    w.server.subject = 'alice'
    const a = w.context({ userAgent: saysYes(w), redirectUri, scope: openid })
    await w.after(100, a.manager.signIn())
    w.server.subject = 'bob'
    await w.after(1_000, a.manager.signIn())
    expect(a.told).toContain('user_changed')
    expect(a.manager.state).toMatchObject({ session: { subject: 'bob' } })
  })
})

describe('a page that slept while its window came back', () => {
  /** A page whose window comes back once `meanwhile` has happened. */
  async function slept(meanwhile: (url: string, w: World) => Promise<unknown>) {
    const w = world()
    w.server.subject = 'alice'
    const agent = saysYes(w)
    const options = { userAgent: agent, redirectUri, scope: openid }
    const a = w.context(options)
    await w.after(100, a.manager.signIn())
    w.hub.mode = 'drop'
    agent.answer = async (url) => {
      const answer = w.server.authorize(url)
      await meanwhile(answer, w)
      return answer
    }
    return { w, ...a, options }
  }

  it('is signed in all the same when the window has completed the sign-in itself', async () => {
    const { w, manager } = await slept((answer, w) =>
      w.context({ redirectUri, scope: openid }).manager.completeSignIn(answer),
    )
    const before = (await w.record())?.grantId
    expect(await w.after(100, manager.signIn())).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
    expect((await w.record())?.grantId).not.toBe(before)
    expect((await w.after(100, manager.getAccessToken())).value).toBe(
      (await w.record())?.accessTokens[targetKey({})]?.value,
    )
  })

  it('ACQ-02: is told when the answer was used and no session came of it, or it is over again', async () => {
    for (const how of ['in vain', 'over'] as const) {
      const { w, manager } = await slept(async (answer, w) => {
        const other = w.context({ redirectUri, scope: openid }).manager
        if (how === 'in vain') await other.completeSignIn(answered(answer, { iss: 'https://x' })).catch(() => {})
        else await other.completeSignIn(answer).then(() => other.signOut())
      })
      await expect(w.after(1_000, manager.signIn())).rejects.toMatchObject({ reason: 'state_mismatch' })
    }
  })
})

describe('a store that refuses a sign-in', () => {
  const refuseWrites = (a: { store: { fault: unknown } }) => {
    a.store.fault = (operation: string, key: string) =>
      operation === 'swap' && !key.endsWith('.pending') ? 'before' : undefined
  }

  it('ACQ-27: for another person than it was for: nothing of theirs lives, not even in memory', async () => {
    const w = world()
    w.server.subject = 'alice'
    const { manager, ...a } = w.context({ userAgent: saysYes(w), redirectUri, scope: openid })
    await w.after(100, manager.signIn())
    w.server.subject = 'bob'
    refuseWrites(a)
    await expect(w.after(1_000, manager.signIn({ prompt: 'none' }))).rejects.toMatchObject({ reason: 'store_failed' })
    expect(manager.state).not.toMatchObject({ session: { subject: 'bob' } })
    a.store.fault = () => undefined
    await w.clock.advance(5_000)
    expect((await w.record())?.claims?.sub).not.toBe('bob')
    expect(a.told.filter((type) => type === 'signed_in')).toHaveLength(1)
    expect(w.server.revoked.map(({ token }) => token)).toContain('rt-4')
  })

  it('the new session lives in memory, whatever an older record or tombstone says, and is stored when that works', async () => {
    for (const older of ['session', 'tombstone'] as const) {
      const w = world()
      const a = await w.signedIn()
      if (older === 'tombstone') await w.after(1_000, a.manager.signOut())
      refuseWrites(a)
      await w.after(
        100,
        a.manager.adopt({ accessToken: 'bob-at', refreshToken: 'bob-rt', expiresAt: w.clock.now() + 9e5 }),
      )
      for (let round = 0; round < 4; round++) {
        await w.clock.advance(6_000)
        expect((await w.after(100, a.manager.getAccessToken())).value).toBe('bob-at')
        expect(a.manager.state.status).toBe('signedIn')
      }
      expect(a.told).toContain('store_failed')
      await expect(w.after(1_000, a.manager.refresh())).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
      a.store.fault = () => undefined
      await w.clock.advance(10_000)
      expect(await w.record()).toMatchObject({ refreshToken: 'bob-rt' })
      const b = await w.opened()
      await w.after(1_000, b.manager.signOut())
      await w.settle()
      expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    }
  })

  it('a sign-in that was stored although the storage refused it gives way to the one that took its place', async () => {
    const w = world()
    const a = await w.opened({ revokeReplaced: true })
    a.store.fault = (operation) => {
      const { swap } = a.store.count
      if (swap === 0) return undefined
      return operation === 'swap' && swap === 1 ? 'after' : 'before'
    }
    await w.after(100, a.manager.adopt(w.server.issue()))
    const first = await w.record()
    expect(first).toMatchObject({ refreshToken: 'rt-1' })

    const newest = { ...first!, ...w.server.issue(), grantId: 'newest', replaced: first!.grantId }
    await w.write(() => newest)
    a.store.fault = () => undefined
    await w.clock.advance(5_000)
    expect(await w.record()).toMatchObject({ grantId: 'newest', refreshToken: 'rt-2' })
    expect(w.server.revoked).toEqual([])
  })

  it('whatever a storage rejects with, what callers get is a TokenManagerError', async () => {
    const w = world()
    const { manager, store } = w.context({ userAgent: saysYes(w), redirectUri })
    const fail = async (): Promise<never> => {
      throw new RangeError('of a storage')
    }
    await manager.ready()
    Object.assign(store, { get: fail, swap: fail })
    for (const call of [() => manager.signIn(), () => manager.completeSignIn(`${redirectUri}?state=x&code=y`)])
      await expect(w.after(100, call())).rejects.toMatchObject({ name: 'TokenManagerError', code: 'ERR_STORE_FAILED' })
    await w.after(100, manager.adopt({ accessToken: 'x', refreshToken: 'y' }))
    await expect(w.after(100, manager.refresh())).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    expect(await w.after(100, manager.signOut())).toMatchObject({ local: 'memory_only' })
    manager.dispose()
  })
})

describe('adopting tokens', () => {
  it('checks the ID token and the access token before anything is stored', async () => {
    const w = world()
    const { manager } = w.context()
    const now = Math.floor(w.clock.now() / 1_000)
    const wrong = idToken({ iss: 'https://other.example', aud: 'spa', sub: 'x', iat: now, exp: now + 60 })
    await expect(w.after(100, manager.adopt({ accessToken: 'at', idToken: wrong }))).rejects.toMatchObject({
      reason: 'id_token_iss',
    })
    for (const accessToken of ['a\nb', '', 'a b', 'é'])
      await expect(w.after(100, manager.adopt({ accessToken })), String(accessToken)).rejects.toMatchObject({
        name: 'TokenManagerError',
      })
    expect(await w.record()).toBeUndefined()
    expect(manager.state).toEqual({ status: 'signedOut', reason: 'none' })
  })

  it('without a refresh token the session ends with its access token', async () => {
    const w = world({ visible: true })
    const { manager } = w.context()
    await w.after(0, manager.adopt({ accessToken: 'at', expiresAt: w.clock.now() + 60_000 }))
    await w.clock.advance(50_000)
    expect(manager.state.status).toBe('signedIn')
    await w.clock.advance(11_000)
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'expired' })
    expect(w.server.requests).toHaveLength(0)
  })

  it('ACQ-22: without an expiry the token is used until an API refuses it', async () => {
    const w = world()
    const { manager } = w.context()
    await w.after(0, manager.adopt({ accessToken: 'at', refreshToken: w.server.issue().refreshToken }))
    await w.clock.advance(40 * 86_400_000)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at')
    w.server.api = (request) =>
      new Response('', { status: request.headers.get('authorization') === 'Bearer at' ? 401 : 200 })
    expect((await w.after(100, manager.fetch('https://api.example/x'))).status).toBe(200)
    expect(w.server.requests).toHaveLength(1)
  })
})

import { describe, expect, it } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { createTokenManager, isTransient, TokenManagerError, type TokenManagerOptions } from '../../src/index.ts'
import type { Platform } from '../../src/ports.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { type World, world } from '../support/world.ts'

const api = 'https://api.example/notes'
const options: TokenManagerOptions = {
  issuer: 'https://as.example',
  clientId: 'spa',
  resources: ['https://api.example/'],
}

/** A platform that notes every use of it. */
function untouched() {
  const touched: string[] = []
  const touch = (what: string) => {
    touched.push(what)
    return Promise.resolve()
  }
  const port = (name: string): never =>
    new Proxy(() => {}, {
      get: (_, member) => {
        // Looked up when ports are checked or bound; calling is what counts.
        return () => touch(`${name}.${String(member)}()`)
      },
      apply: () => touch(`${name}()`),
    }) as never
  const names = ['store', 'fetch', 'lock', 'channel', 'lifecycle', 'clock', 'crypto', 'userAgent']
  return { touched, platform: Object.fromEntries(names.map((name) => [name, port(name)])) as unknown as Platform }
}

describe('before its first use', () => {
  it('construction does no I/O and starts nothing', async () => {
    const { touched, platform } = untouched()
    const manager = createTokenManager(options, platform)
    expect(manager.state).toEqual({ status: 'loading' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    manager.on('refreshed', () => {})
    manager.dispose()
    expect(touched).toEqual([])
  })

  it('its state is one object for as long as nothing changes, as useSyncExternalStore needs it', async () => {
    const w = world()
    const { manager } = w.context()
    const { state } = manager
    expect(manager.state).toBe(state)
    const told: unknown[] = []
    const undo = manager.subscribe((one) => told.push(one))
    expect(told).toEqual([state])
    expect(told[0]).toBe(manager.state)
    await w.settle()
    expect(told).toEqual([{ status: 'loading' }, { status: 'signedOut', reason: 'none' }])
    expect(told[1]).toBe(manager.state)
    undo()
    await w.after(100, manager.adopt({ accessToken: 'x' }))
    expect(told).toHaveLength(2)
  })

  it('on a server it stays loading, and token calls say that there is no window', async () => {
    const manager = createTokenManager({ ...options, redirectUri: 'https://app.example/' }, undefined)
    const { state } = manager
    expect(state).toEqual({ status: 'loading' })
    expect(await manager.ready()).toBe(state)
    expect(manager.state).toBe(state)
    const told: unknown[] = []
    manager.subscribe((one) => told.push(one))()
    manager.on('refreshed', () => {})()
    expect(told).toEqual([state])
    const calls = [
      () => manager.getAccessToken(),
      () => manager.fetch(api),
      () => manager.headersFor(api),
      () => manager.refresh(),
      () => manager.signIn(),
      () => manager.completeSignIn(),
      () => manager.adopt({ accessToken: 'x' }),
      () => manager.signOut(),
    ]
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'no_window' })
    manager.dispose()
  })

  it('on a server paths are fine, and are judged where there is an origin', async () => {
    const manager = createTokenManager(
      { ...options, resources: ['/api', { url: '/notes', scope: 'notes' }] },
      undefined,
    )
    await expect(manager.fetch('/api/x')).rejects.toMatchObject({ reason: 'no_window' })
    await expect(manager.fetch('/elsewhere')).rejects.toMatchObject({ reason: 'target_not_listed' })
    for (const wrong of ['/api?x', '//api', 'api', 'http://api.example/'])
      expect(() => createTokenManager({ ...options, resources: [wrong] }, undefined)).toThrow(/resources\[0]/)
    const { platform } = untouched()
    expect(() => createTokenManager({ ...options, resources: ['/api'] }, platform)).toThrow(/resources\[0]/)
  })

  it('its methods are bound', async () => {
    const w = world()
    const { ready, subscribe, on, getAccessToken, fetch, headersFor, refresh, signOut, adopt, dispose } =
      w.context().manager
    await w.after(100, ready())
    subscribe(() => {})()
    on('refreshed', () => {})()
    const { accessToken, refreshToken } = w.server.issue()
    await w.after(100, adopt({ accessToken, refreshToken }))
    expect((await w.after(0, getAccessToken())).value).toBe('at-1')
    expect((await w.after(0, headersFor(api))).get('authorization')).toBe('Bearer at-1')
    expect((await w.after(0, fetch(api))).status).toBe(200)
    expect((await w.after(100, refresh())).value).toBe('at-2')
    expect(await w.after(100, signOut())).toMatchObject({ local: 'removed' })
    dispose()
  })
})

describe('two managers of one client', () => {
  it('share one session in one realm; other accounts and clients are other sessions', async () => {
    const w = world()
    const a = await w.signedIn()
    const twin = createTokenManager({ ...options, store: a.store }, { ...untouched().platform })
    void twin
    const others = [await w.opened({ account: 'second' }), await w.opened({ clientId: 'other' })]
    for (const { manager } of others) expect(manager.state).toEqual({ status: 'signedOut', reason: 'none' })
    await w.after(100, others[0]!.manager.adopt({ accessToken: 'second-at' }))
    await w.after(100, a.manager.signOut())
    await w.settle()
    expect((await w.after(0, others[0]!.manager.getAccessToken())).value).toBe('second-at')
  })

  it('one read, one refresh, one state object; disposing one leaves the other', async () => {
    const w = world()
    const { accessToken, refreshToken } = w.server.issue()
    const a = w.context()
    const ports = {
      lifecycle: a.lifecycle,
      clock: w.clock,
      crypto: webCrypto,
      channel: w.hub.context(),
      fetch: w.server.fetch,
    }
    const lock = { spans: 'process' as const, request: <T>(_n: string, _o: object, run: () => Promise<T>) => run() }
    const [one, two] = [0, 1].map(() => createTokenManager(options, { ...ports, lock, store: a.store }))
    await one!.adopt({ accessToken, refreshToken, expiresAt: w.clock.now() + 300_000 })
    expect(two!.state).toEqual({ status: 'loading' })
    await two!.ready()
    expect(two!.state).toBe(one!.state)
    await w.clock.advance(301_000)
    await w.after(100, Promise.all([one!.getAccessToken(), two!.getAccessToken()]))
    expect(w.server.requests).toHaveLength(1)
    one!.dispose()
    expect((await w.after(100, two!.getAccessToken())).value).toBe('at-2')
    two!.dispose()
  })
})

describe('getAccessToken', () => {
  it('a fresh token comes from memory: no storage, no lock, no request', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    const { get, swap } = store.count
    for (let call = 0; call < 100; call++) await manager.getAccessToken()
    expect(store.count).toEqual({ get, swap })
  })

  it('USE-08: a token that is still good is served when the refresh fails; an expired one never', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    w.server.before = () => new Response('', { status: 503 })
    await w.clock.advance(275_000)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
    await w.clock.advance(22_000)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
    await w.clock.advance(4_000)
    const error = await w.after(
      100,
      manager.getAccessToken().catch((error) => error),
    )
    expect(error).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', retryAt: expect.any(Number) })
    expect(isTransient(error)).toBe(true)
  })

  it('minValidity asks for a token that lives on for as long, and gets the best there is', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(100_000)
    expect((await w.after(100, manager.getAccessToken({ minValidity: 100_000 }))).value).toBe('at-1')
    expect((await w.after(100, manager.getAccessToken({ minValidity: 250_000 }))).value).toBe('at-2')
    expect((await w.after(100, manager.getAccessToken({ minValidity: 900_000 }))).value).toBe('at-3')
    expect(w.server.requests).toHaveLength(2)
  })

  it("USE-10: a caller's signal ends its own wait, not the refresh that others wait for", async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const open = w.hold()
    const controller = new AbortController()
    const [mine, theirs] = [manager.getAccessToken({ signal: controller.signal }), manager.getAccessToken()]
    mine.catch(() => {})
    await w.settle()
    controller.abort(new Error('enough'))
    await expect(w.after(0, mine)).rejects.toThrow('enough')
    open()
    expect((await w.after(100, theirs)).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
    await w.clock.advance(301_000)
    await expect(w.after(100, manager.getAccessToken({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('nobody gets a token of another person: a call begun before a sign-in ends with it', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.before = () => new Promise(() => {})
    const calls: Promise<unknown>[] = [manager.getAccessToken(), manager.refresh(), manager.fetch(api)]
    for (const call of calls) call.catch(() => {})
    await w.settle()
    await w.after(100, manager.adopt({ accessToken: 'bob-at', expiresAt: w.clock.now() + 9e5 }))
    for (const call of calls) await expect(w.after(30_000, call)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.calls).toHaveLength(0)
  })

  it('RT-20: whatever fails, the person is never sent anywhere', async () => {
    const w = world()
    const userAgent = scriptedUserAgent(() => '')
    const { manager } = await w.signedIn({ userAgent, redirectUri: 'https://app.example/cb' })
    await w.clock.advance(301_000)
    for (const answer of [
      () => new Response('', { status: 500 }),
      () => new Response('{"error":"invalid_grant"}', { status: 400 }),
    ]) {
      w.server.before = answer
      await w.after(
        5_000,
        manager.fetch(api).catch(() => {}),
      )
      await w.clock.advance(600_000)
    }
    await w.after(
      100,
      manager.getAccessToken().catch(() => {}),
    )
    expect([userAgent.visited, userAgent.navigated]).toEqual([[], []])
  })
})

describe('fetch', () => {
  /** The API refuses all tokens but those that `accepts` takes. */
  const refusing = (w: World, accepts: (token: string) => boolean) => {
    w.server.api = (request) => {
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
      const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
      return accepts(token) ? new Response('{}') : new Response('', { status: 401, headers })
    }
  }

  it('INV-01: a refused token costs one refresh and one second sending, for one call or for fifty', async () => {
    for (const calls of [1, 50]) {
      const w = world()
      const { manager, told } = await w.signedIn()
      refusing(w, (token) => token !== 'at-1')
      const all = await w.after(100, Promise.all(Array.from({ length: calls }, () => manager.fetch(api))))
      expect(all.every(({ status }) => status === 200)).toBe(true)
      expect([w.server.calls.length, w.server.requests.length]).toEqual([2 * calls, 1])
      expect(told.filter((type) => type === 'token_rejected')).toHaveLength(1)
    }
  })

  it('INV-01: an API that refuses for ever gets each request twice, and its answer goes to the caller', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    refusing(w, () => false)
    expect((await w.after(100, manager.fetch(api))).status).toBe(401)
    expect([w.server.calls.length, w.server.requests.length]).toEqual([2, 1])
  })

  it('INV-02: a late refusal of an old token is answered with the newer one, without a refresh', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    refusing(w, (token) => token !== 'at-1')
    const answer = w.server.api
    w.server.api = async (request) => opened.then(() => answer(request))
    const slow = manager.fetch(api)
    await w.settle()
    await w.after(100, manager.refresh())
    open()
    expect((await w.after(100, slow)).status).toBe(200)
    expect(w.server.requests).toHaveLength(1)
    expect(w.server.calls.map(({ authorization }) => authorization)).toEqual(['Bearer at-1', 'Bearer at-2'])
  })

  it('INV-05: a refused token is not fallen back to when the refresh fails', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    refusing(w, () => false)
    w.server.before = () => new Response('', { status: 503 })
    expect((await w.after(100, manager.fetch(api))).status).toBe(401)
    await expect(w.after(100, manager.fetch(api))).rejects.toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE' })
    expect(w.server.calls).toHaveLength(1)
  })

  it.each([undefined, 3_600_000])(
    'INV-01: an API ends no session that has only its access token, with %s ms left: its answer goes to the caller',
    async (left) => {
      const w = world({ visible: true })
      const { manager, events } = w.context()
      await manager.adopt({ accessToken: 'at', ...(left && { expiresAt: w.clock.now() + left }) })
      refusing(w, () => false)
      for (let call = 0; call < 5; call++) expect((await w.after(1_000, manager.fetch(api))).status).toBe(401)
      refusing(w, () => true)
      expect((await w.after(1_000, manager.fetch(api))).status).toBe(200)
      expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
      expect([w.server.requests, w.server.revoked]).toEqual([[], []])
      expect(events.filter(({ type }) => type === 'token_rejected')).toMatchObject(Array(5).fill({ replaced: false }))
    },
  )

  it('INV-06: an API that refuses every token costs three refreshes a minute, whatever the traffic', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    refusing(w, () => false)
    for (let call = 0; call < 60; call++) {
      expect((await w.after(0, manager.fetch(api))).status).toBe(401)
      await w.clock.advance(900)
    }
    expect(w.server.requests).toHaveLength(3)
    expect(events.filter(({ type, replaced }) => type === 'token_rejected' && !replaced).length).toBeGreaterThan(0)
    expect(manager.state.status).toBe('signedIn')
    for (let call = 0; call < 60; call++) {
      await w.after(0, manager.fetch(api))
      await w.clock.advance(900)
    }
    expect(w.server.requests.length).toBeLessThanOrEqual(7)
    refusing(w, () => true)
    expect((await w.after(100, manager.fetch(api))).status).toBe(200)
  })

  it('a refusal after another person signed in is handed on, not answered with their token', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    w.server.api = async () => opened.then(() => new Response('', { status: 401 }))
    const call = manager.fetch(api)
    await w.settle()
    await w.after(100, manager.adopt({ accessToken: 'bob-at', expiresAt: w.clock.now() + 9e5 }))
    open()
    expect((await w.after(100, call)).status).toBe(401)
    expect(w.server.calls.map(({ authorization }) => authorization)).toEqual(['Bearer at-1'])
  })

  it('USE-07: a request that waited for a refresh leaves with the new token', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    await w.after(100, manager.fetch(api))
    expect(w.server.calls.map(({ authorization }) => authorization)).toEqual(['Bearer at-2'])
  })

  it('USE-15: a 403 refreshes nothing, ten times over, and says what scope was missing', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }
    w.server.api = () => new Response('', { status: 403, headers })
    for (let call = 0; call < 10; call++)
      await expect(w.after(0, manager.fetch(api))).rejects.toMatchObject({
        ...{ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'admin' },
      })
    expect(w.server.requests).toHaveLength(0)
    expect(events.find(({ type }) => type === 'step_up_required')).toMatchObject({ scope: 'admin' })
  })

  it('whenSignedOut and unlisted choose between an error and a request without a token', async () => {
    const w = world()
    const strict = await w.opened()
    await expect(strict.manager.fetch(api)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await expect(strict.manager.fetch('https://other.example/')).rejects.toMatchObject({
      code: 'ERR_TARGET_NOT_ALLOWED',
    })
    await expect(strict.manager.headersFor('https://other.example/')).rejects.toMatchObject({
      code: 'ERR_TARGET_NOT_ALLOWED',
    })
    const bare = await w.opened({ whenSignedOut: 'bare', unlisted: 'bare' })
    await w.after(100, bare.manager.fetch(api))
    await w.after(100, bare.manager.fetch('https://other.example/'))
    expect(w.server.calls.map(({ authorization }) => authorization)).toEqual([null, null])
  })
})

describe('when the storage cannot be read', () => {
  it('ready() says so and does not reject; it comes back by itself', async () => {
    const w = world()
    await w.signedIn()
    const { manager, store, told } = w.context()
    store.fault = () => 'before'
    expect(await w.after(100, manager.ready())).toMatchObject({
      status: 'signedOut',
      reason: 'storage_lost',
      error: { code: 'ERR_STORE_FAILED' },
    })
    await w.settle()
    expect(told).toContain('store_failed')
    store.fault = () => undefined
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
  })

  it('a token in memory is used on while reads fail', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    store.fault = () => 'before'
    await w.clock.advance(60_000)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
    expect(manager.state.status).toBe('signedIn')
  })
})

describe('errors', () => {
  it('every rejection is a TokenManagerError with a code and a reason', async () => {
    const w = world()
    const { manager } = w.context()
    for (const call of [
      () => manager.getAccessToken(),
      () => manager.refresh(),
      () => manager.signIn(),
      () => manager.headersFor('::'),
    ]) {
      const error = await w.after(
        100,
        call().catch((error: unknown) => error),
      )
      expect(error).toBeInstanceOf(TokenManagerError)
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/), reason: expect.any(String) })
    }
  })
})

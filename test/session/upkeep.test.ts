import { describe, expect, it } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import type { TokenManager } from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { type World, world } from '../support/world.ts'

describe('refreshing ahead', () => {
  it('RT-07: a page that is seen is never without a fresh token, and nobody ever waits for it', async () => {
    const w = world({ visible: true })
    const { manager } = await w.signedIn()
    for (let minute = 0; minute < 30; minute++) {
      await w.clock.advance(60_000)
      const { expiresAt = 0 } = await w.after(0, manager.getAccessToken())
      expect(expiresAt - w.clock.now()).toBeGreaterThan(25_000)
    }
    expect(w.server.requests.length).toBeGreaterThanOrEqual(6)
    expect(w.server.requests.length).toBeLessThanOrEqual(8)
    expect(w.server.reuse).toBe(0)
  })

  it('RT-07: the moment is 20 % of the lifetime before the end, at most the leeway, spread by the jitter', async () => {
    for (const [expiresIn, leeway, jitter, from, to] of [
      [300, undefined, 0, 240, 241],
      [300, undefined, 1, 240, 300],
      [60, undefined, 0, 48, 49],
      [60, 6_000, 0, 54, 55],
      [100_000, undefined, 0, 99_940, 99_941],
    ] as const) {
      const w = world({ visible: true })
      w.server.expiresIn = expiresIn
      await w.signedIn({ refresh: { jitter, ...(leeway && { leeway }) } })
      await w.clock.advance(from * 1_000 - 10)
      expect([expiresIn, w.server.requests.length]).toEqual([expiresIn, 0])
      await w.clock.advance((to - from) * 1_000 + 1_010)
      expect([expiresIn, w.server.requests.length]).toEqual([expiresIn, 1])
    }
  })

  it('RT-07: many pages spread out, and one request serves them all', async () => {
    const w = world({ visible: true })
    await w.signedIn()
    const others = await Promise.all(Array.from({ length: 19 }, () => w.opened()))
    await w.clock.advance(900_000)
    expect(w.server.requests.length).toBeLessThanOrEqual(4)
    for (const { manager } of others)
      expect((await w.after(0, manager.getAccessToken())).value).toBe(`at-${w.server.requests.length + 1}`)
  })

  it('RT-07: hidden pages leave it to those that are seen, and take over when shown', async () => {
    const w = world()
    const { manager, lifecycle } = await w.signedIn()
    await w.clock.advance(1_000_000)
    expect(w.server.requests).toHaveLength(0)
    lifecycle.setVisible(true)
    await w.clock.advance(2_000)
    expect(w.server.requests).toHaveLength(1)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-2')
    lifecycle.setVisible(false)
    await w.clock.advance(1_000_000)
    expect(w.server.requests).toHaveLength(1)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-3')
  })

  it('COO-14: a frozen page begins nothing, and sees to it when it resumes', async () => {
    const w = world({ visible: true })
    const { manager, lifecycle, freeze, thaw } = await w.signedIn()
    lifecycle.setVisible(false)
    lifecycle.freeze()
    freeze()
    await w.clock.advance(8 * 3_600_000)
    thaw()
    lifecycle.resume()
    expect(w.server.requests).toHaveLength(0)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
  })

  it('USE-08: on use within the leeway it refreshes behind the back of the caller, who waits only in the last moments', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(285_000)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
    await w.clock.advance(100)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-2')
    const x = world()
    const b = await x.signedIn()
    await x.clock.advance(297_000)
    expect((await x.after(100, b.manager.getAccessToken())).value).toBe('at-2')
  })

  it('RT-09: a lifetime of years sets no timer off early, and one of half a minute is not refreshed on each call', async () => {
    const w = world({ visible: true })
    w.server.expiresIn = 10 * 365 * 86_400
    await w.signedIn()
    await w.clock.advance(365 * 86_400_000)
    expect(w.server.requests).toHaveLength(0)
    const x = world({ visible: true })
    x.server.expiresIn = 30
    const { manager } = await x.signedIn()
    for (let second = 0; second < 120; second++) {
      await x.after(0, manager.getAccessToken())
      await x.clock.advance(1_000)
    }
    expect(x.server.requests.length).toBeLessThanOrEqual(6)
  })

  it('USE-08 ACQ-21: lifetimes of nothing cost at most one refresh a call, a few while the present token lives, and then none while nobody asks', async () => {
    for (const expiresIn of [0, 1, -5, 'NaN', 'soon']) {
      const w = world({ visible: true })
      const { manager } = await w.signedIn()
      w.server.expiresIn = expiresIn
      await w.after(
        100,
        manager.refresh().catch(() => {}),
      )
      const first = w.server.requests.length
      expect(first).toBe(1)
      // As long as the present token is good, the next one is tried for like any other that did not come.
      await w.clock.advance(600_000)
      const tried = w.server.requests.length
      expect(tried).toBeLessThanOrEqual(first + (expiresIn === 1 ? 0 : 7))
      await w.clock.advance(3_600_000)
      expect([expiresIn, w.server.requests.length]).toEqual([expiresIn, tried])
      const call = await w.after(
        100,
        manager.getAccessToken().catch((error) => error),
      )
      expect(w.server.requests.length).toBeLessThanOrEqual(tried + 1)
      if (expiresIn === 1) expect(call.value).toBe('at-3')
      else expect(call).toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
      expect(manager.state.status).toBe('signedIn')
    }
  })

  it('ACQ-21: an expires_in of a string or of centuries is read, an absent one guesses nothing', async () => {
    for (const [expiresIn, lifetime] of [
      ['3600', 3_600_000],
      [1e12, 315_360_000_000],
      [undefined, undefined],
    ] as const) {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.expiresIn = expiresIn
      const { expiresAt } = await w.after(0, manager.refresh())
      expect(expiresAt).toBe(lifetime && w.clock.now() + lifetime)
    }
  })

  it('a failed refresh ahead keeps the token, is tried again after the back-off, and does not spin', async () => {
    const w = world({ visible: true })
    const a = await w.signedIn({ refresh: { jitter: 0 } })
    w.server.before = () => new Response('', { status: 503 })
    await w.clock.advance(290_000)
    expect(w.server.requests.length).toBeGreaterThan(2)
    expect(w.server.requests.length).toBeLessThanOrEqual(6)
    expect((await w.after(0, a.manager.getAccessToken())).value).toBe('at-1')
    expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    await w.clock.advance(11_000)
    await expect(w.after(100, a.manager.getAccessToken())).rejects.toMatchObject({
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
    })
    w.server.before = () => {}
    await w.clock.advance(120_000)
    expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    expect((await w.after(0, a.manager.getAccessToken())).value).toBe('at-2')
  })
})

describe('a failure that is not in the record', () => {
  /** What happens within an hour in the page of `w` if `what` is counted. */
  const inAnHour = async (w: World, what: () => number) => {
    const before = what()
    await w.clock.advance(3_600_000)
    return what() - before
  }

  it('RT-12: while the metadata cannot be loaded, the page asks ever more rarely', async () => {
    const w = world({ visible: true })
    const first = await w.signedIn()
    first.manager.dispose()
    await w.clock.advance(301_000)
    let asked = 0
    w.server.onDiscovery = () => {
      asked++
      return new Response('', { status: 500 })
    }
    const page = await w.opened()
    expect(await inAnHour(w, () => asked)).toBeLessThan(30)
    expect(page.manager.state).toMatchObject({ status: 'signedIn', health: 'suspended' })
  })

  it('RT-12: an offline page tries ever more rarely, and at once when it is online again', async () => {
    const w = world({ visible: true })
    const { lifecycle, manager, store } = await w.signedIn()
    await w.after(100, manager.getAccessToken())
    lifecycle.setOnline(false)
    const before = w.server.requests.length
    w.server.before = () => {
      throw new TypeError('offline')
    }
    await w.clock.advance(300_000)
    expect(await inAnHour(w, () => store.count.swap)).toBeLessThan(60)
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'suspended' })
    w.server.before = () => undefined
    const tried = w.server.requests.length
    expect(tried).toBeGreaterThan(before)
    lifecycle.setOnline(true)
    await w.clock.advance(2_000)
    expect(w.server.requests.length).toBe(tried + 1)
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('RT-12: a failure in the record, whose back-off is over, does not hide those that come after it', async () => {
    const w = world({ visible: true })
    const { lifecycle, store } = await w.signedIn()
    w.server.before = () => new Response('', { status: 503 })
    await w.clock.advance(290_000)
    lifecycle.setOnline(false)
    expect((await w.record())?.failure).toBeDefined()
    w.server.before = () => {
      throw new TypeError('offline')
    }
    expect(await inAnHour(w, () => store.count.swap)).toBeLessThan(60)
  })

  it('a storage that cannot be written is tried ever more rarely', async () => {
    const w = world({ visible: true })
    const { store } = await w.signedIn()
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    expect(await inAnHour(w, () => store.count.swap)).toBeLessThan(40)
  })

  it('the state shows in the moment of the expiry that there is no token any more', async () => {
    const w = world({ visible: true })
    const { lifecycle, manager } = await w.signedIn()
    lifecycle.setOnline(false)
    w.server.before = () => {
      throw new TypeError('offline')
    }
    await w.clock.advance(299_900)
    expect(manager.state).toMatchObject({ health: 'ok' })
    await w.clock.advance(1_100)
    expect(manager.state).toMatchObject({ health: 'suspended' })
  })

  it('RT-12: but not in the same moment in all tabs', async () => {
    const w = world({ visible: true })
    const drawing = (byte: number) => ({
      ...webCrypto,
      randomBytes: (length: number) => (length === 2 ? Uint8Array.of(byte, byte) : webCrypto.randomBytes(length)),
    })
    const a = await w.signedIn({ crypto: drawing(0) })
    const b = await w.opened({ crypto: drawing(255) })
    const expiresAt = w.clock.now() + 300_000
    for (const { store } of [a, b]) store.fault = () => 'before'
    await w.clock.advance(301_000)
    const shownAt = [a, b].map(
      ({ events }) => events.find(({ type, at }) => type === 'refresh_failed' && Number(at) >= expiresAt)?.at,
    )
    expect(shownAt).not.toContain(undefined)
    expect(new Set(shownAt).size).toBe(2)
  })

  it('calls of the app do not wait for it', async () => {
    const w = world({ visible: true })
    const first = await w.signedIn()
    first.manager.dispose()
    await w.clock.advance(301_000)
    const { onDiscovery } = w.server
    w.server.onDiscovery = () => new Response('', { status: 500 })
    const { manager } = await w.opened()
    await w.clock.advance(600_000)
    w.server.onDiscovery = onDiscovery
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
  })
})

describe('what a page does when it goes and comes back', () => {
  it('COO-14: it reads nothing when it is hidden or frozen', async () => {
    const w = world({ visible: true })
    const { lifecycle, store } = await w.signedIn()
    await w.clock.advance(1_000)
    const before = store.count.get
    lifecycle.setVisible(false)
    lifecycle.freeze()
    await w.clock.advance(1_000)
    expect(store.count.get).toBe(before)
  })

  it('REV-04: it revokes at once when it is online again, and not when it is only looked at', async () => {
    const w = world({ visible: true })
    const { manager, lifecycle } = await w.signedIn()
    const tried: number[] = []
    w.server.onRevoke = () => {
      tried.push(w.clock.now())
      return new Response('', { status: 503, headers: { 'retry-after': '600' } })
    }
    await w.after(100, manager.signOut())
    await w.clock.advance(60_000)
    expect(tried).toHaveLength(1)
    lifecycle.setVisible(true)
    await w.clock.advance(1_000)
    expect(tried).toHaveLength(1)
    lifecycle.setOnline(true)
    await w.clock.advance(1_000)
    expect(tried).toHaveLength(2)
  })
})

describe('rotation by time', () => {
  it('interval refreshes this long after the last refresh, once for all pages, also of tokens that live on', async () => {
    const w = world({ visible: true })
    const options = { refresh: { interval: 60_000 } }
    w.server.expiresIn = 86_400
    const [a] = [await w.signedIn(options), await w.opened(options)]
    await w.clock.advance(10 * 61_500)
    expect(w.server.requests.length).toBeGreaterThanOrEqual(9)
    expect(w.server.requests.length).toBeLessThanOrEqual(10)
    expect(a.events.find(({ type, reason }) => type === 'refreshed' && reason === 'interval')).toBeDefined()
  })

  it('a page that missed the message does not refresh what another just refreshed', async () => {
    const w = world({ visible: true })
    const options = { refresh: { interval: 60_000 } }
    w.server.expiresIn = 86_400
    const [a] = [await w.signedIn(options), await w.opened(options)]
    w.hub.mode = 'drop'
    await w.clock.advance(58_000)
    await w.after(100, a.manager.refresh())
    await w.clock.advance(20_000)
    expect(w.server.requests).toHaveLength(1)
  })

  it('by time and by event is a hybrid: an event starts the time anew', async () => {
    const w = world({ visible: true })
    w.server.expiresIn = 86_400
    const { manager } = await w.signedIn({ refresh: { interval: 60_000 } })
    await w.clock.advance(50_000)
    await w.after(100, manager.refresh({ reason: 'password' }))
    await w.clock.advance(50_000)
    expect(w.server.requests).toHaveLength(1)
    await w.clock.advance(12_000)
    expect(w.server.requests).toHaveLength(2)
  })
})

describe('clocks that are wrong', () => {
  it('RT-08: set ahead by years, one refresh, not a loop; and it is told', async () => {
    const w = world({ visible: true })
    const { manager, events } = await w.signedIn()
    w.clock.jump(10 * 365 * 86_400_000)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
    for (let turn = 0; turn < 10; turn++) {
      await w.clock.advance(10_000)
      await w.after(100, manager.getAccessToken())
    }
    expect(w.server.requests).toHaveLength(1)
    await w.clock.advance(200_000)
    expect(events.find(({ type }) => type === 'clock_jumped')).toMatchObject({ by: 10 * 365 * 86_400_000 })
  })

  it('RT-08: a clock that nobody sets tells nothing, and one that is set tells so once', async () => {
    const w = world({ visible: true })
    const { told } = await w.signedIn()
    const jumps = () => told.filter((type) => type === 'clock_jumped').length
    for (let minute = 0; minute < 30; minute++) await w.clock.advance(60_000)
    w.clock.jump(29_999)
    for (let minute = 0; minute < 30; minute++) await w.clock.advance(60_000)
    expect(jumps()).toBe(0)
    w.clock.jump(30_000)
    for (let minute = 0; minute < 30; minute++) await w.clock.advance(60_000)
    expect(jumps()).toBe(1)
  })

  it('RT-08: set back by a day, no token is used past its real life', async () => {
    for (const visible of [true, false]) {
      const w = world({ visible })
      const { manager } = await w.signedIn()
      w.clock.jump(-86_400_000)
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
      await w.clock.advance(301_000)
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
      await w.clock.advance(301_000)
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-3')
    }
  })

  it('RT-08: a stored token from the future is stale, and costs one refresh', async () => {
    const w = world()
    const a = await w.signedIn()
    w.clock.jump(-86_400_000)
    const b = await w.opened()
    expect((await w.after(100, b.manager.getAccessToken())).value).toBe('at-2')
    expect((await w.after(100, b.manager.getAccessToken())).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
    expect(a.manager.state.status).toBe('signedIn')
  })

  it.each([undefined, 3_600_000])(
    'RT-08: a clock that is set back ends no session that has only its access token, with %s ms left',
    async (left) => {
      const w = world({ visible: true })
      const { manager } = w.context()
      await manager.adopt({ accessToken: 'at', ...(left && { expiresAt: w.clock.now() + left }) })
      await w.clock.advance(1_000)
      w.clock.jump(-60_000)
      await w.clock.advance(10_000)
      const reloaded = await w.opened()
      expect((await w.after(1_000, reloaded.manager.getAccessToken())).value).toBe('at')
      expect(reloaded.manager.state.status).toBe('signedIn')
      expect(w.server.revoked).toEqual([])
    },
  )
})

describe('starting and stopping', () => {
  it('dispose() leaves no timer, listener or subscription, and keeps the session', async () => {
    const w = world({ visible: true })
    const a = await w.signedIn({
      limits: sessionLimits({ idleTimeout: 1e6, maxAge: 1e7 }),
      refresh: { interval: 60_000 },
    })
    const b = await w.opened({ limits: sessionLimits({ idleTimeout: 1e6 }) })
    expect(w.clock.pending).toBeGreaterThan(0)
    for (const { manager } of [a, b]) manager.dispose()
    expect(w.clock.pending).toBe(0)
    const before = [a.store.count.get, b.store.count.get]
    await w.clock.advance(4e5)
    for (const { lifecycle } of [a, b]) lifecycle.resume()
    await w.settle()
    expect([a.store.count.get, b.store.count.get]).toEqual(before)
    expect(w.server.requests).toHaveLength(0)
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-1' })
    a.manager.dispose()
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
    a.manager.dispose()
    expect(w.clock.pending).toBe(0)
  })

  it('disposed before it had started, it never starts', async () => {
    const w = world({ visible: true })
    await w.signedIn()
    const { manager, store, lifecycle } = w.context()
    const ready = manager.ready()
    manager.dispose()
    await w.after(100, ready)
    const pending = w.clock.pending
    const { get } = store.count
    lifecycle.resume()
    await w.clock.advance(10)
    expect(store.count.get).toBe(get)
    expect(w.clock.pending).toBe(pending)
  })

  it('disposed in the turn of its first call, that call is still done, on the stored session', async () => {
    const w = world()
    await w.signedIn()
    const ended = <T>(call: (manager: TokenManager) => Promise<T>) => {
      const { manager } = w.context()
      const result = call(manager)
      manager.dispose()
      return w.after(100, result)
    }
    expect(await ended((manager) => manager.getAccessToken())).toMatchObject({ value: 'at-1' })
    expect(await ended((manager) => manager.refresh())).toMatchObject({ value: 'at-2' })
    const report = await ended((manager) => manager.signOut())
    expect([report.local, await w.after(3_000, report.revoked)]).toEqual(['removed', 'revoked'])
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' } })
    await ended((manager) => manager.adopt(w.server.issue()))
    expect((await w.opened()).manager.state).toMatchObject({ status: 'signedIn' })
  })

  it('disposed in the middle of a refresh, the answer is still kept, and nothing goes on afterwards', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const open = w.hold()
    const token = manager.getAccessToken()
    token.catch(() => {})
    await w.settle()
    manager.dispose()
    open()
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-2', generation: 2 })
    expect(w.clock.pending).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import { json } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

const quietly = (call: Promise<unknown>) => call.catch((error) => error)

/** Lets every read of the storage take `ms`. */
function slow(w: World, { store }: Context, ms: number) {
  store.delay = (operation) =>
    operation === 'get'
      ? new Promise((resolve) => void w.clock.at(w.clock.elapsed() + ms, () => resolve()))
      : Promise.resolve()
}

/** How long `call` takes, ms. */
async function time(w: World, call: () => Promise<unknown>, most = 5_000): Promise<number> {
  const began = w.clock.elapsed()
  let took = -1
  void quietly(call()).then(() => (took = w.clock.elapsed() - began))
  for (let ms = 0; took < 0 && ms <= most; ms += 100) await w.clock.advance(ms === 0 ? 0 : 100)
  return took
}

describe('how old what memory knows may be', () => {
  it('in steady use nobody ever waits for the storage, which is read every few seconds', async () => {
    const w = world()
    const page = await w.signedIn()
    slow(w, page, 1_000)
    const { get } = page.store.count
    for (let second = 0; second < 60; second++) {
      expect(await time(w, () => page.manager.getAccessToken(), 0)).toBe(0)
      await w.clock.advance(1_000)
    }
    expect(page.store.count.get - get).toBeGreaterThan(8)
    expect(page.store.count.get - get).toBeLessThanOrEqual(24)
  })

  it('after confirmInterval without use the next one waits for the read, and not a moment earlier', async () => {
    for (const [idle, wait] of [
      [5_000, 0],
      [5_001, 700],
    ] as const) {
      const w = world()
      const page = await w.signedIn()
      slow(w, page, 700)
      page.lifecycle.resume()
      await w.clock.advance(700)
      await w.clock.advance(idle - 700)
      expect([idle, await time(w, () => page.manager.getAccessToken())]).toEqual([idle, wait])
    }
  })

  it('one read serves all who ask meanwhile', async () => {
    const w = world()
    const page = await w.signedIn()
    await w.clock.advance(6_000)
    slow(w, page, 500)
    const { get } = page.store.count
    const calls = Array.from({ length: 20 }, () => page.manager.getAccessToken())
    await w.after(500, Promise.all(calls))
    expect(page.store.count.get - get).toBe(1)
  })

  it('a read that fails is told, once, and what is in memory is used', async () => {
    const w = world()
    const page = await w.signedIn()
    await w.clock.advance(6_000)
    page.store.fault = (operation) => (operation === 'get' ? 'before' : undefined)
    expect((await w.after(0, page.manager.getAccessToken())).value).toBe('at-1')
    expect(page.events.filter(({ type }) => type === 'store_failed')).toMatchObject([{ during: 'read' }])
  })

  it('changes without end are not waited for without end', async () => {
    const w = world()
    const page = await w.signedIn()
    const forger = w.hub.context()
    const { name } = w.hub.posted[0]!
    await w.clock.advance(6_000)
    slow(w, page, 100)
    const { get } = page.store
    page.store.get = (key) => {
      forger.post(name, { version: 1, type: 'changed' })
      return get(key)
    }
    expect(await time(w, () => page.manager.getAccessToken())).toBeLessThanOrEqual(1_000)
    expect(page.manager.state.status).toBe('signedIn')
  })
})

describe('refreshing without being asked', () => {
  it('is not tried again before the server may be asked again, however often the token is used', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(260_000)
    const times: number[] = []
    w.server.before = () => {
      times.push(w.clock.elapsed())
      return new Response('', { status: 503, headers: { 'retry-after': '10' } })
    }
    for (let step = 0; step < 250; step++) {
      expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
      await w.clock.advance(100)
    }
    expect(times.length).toBeGreaterThan(1)
    for (const [index, at] of times.slice(1).entries()) expect(at - times[index]!).toBeGreaterThanOrEqual(10_000)
  })
})

describe('what is told of a refresh', () => {
  /** Lets the server take this long. */
  const latency = (w: World, ms: number, answer?: () => Response) => {
    w.server.before = () => new Promise((resolve) => void w.clock.at(w.clock.elapsed() + ms, () => resolve(answer?.())))
  }
  const of = ({ events }: Context, type: string) => events.filter((event) => event.type === type)

  it('that it is done: how long it took, which sending it was, and why', async () => {
    const w = world()
    const page = await w.signedIn()
    latency(w, 300)
    await w.after(1_000, page.manager.refresh({ reason: 'password' }))
    expect(of(page, 'refreshed')).toMatchObject([{ duration: 300, attempt: 1, reason: 'password', generation: 2 }])
    expect(of(page, 'refresh_failed')).toEqual([])
  })

  it('that another context did it, and how long that took', async () => {
    const w = world()
    const [page, other] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    latency(w, 300)
    const calls = [other.manager.getAccessToken(), page.manager.getAccessToken()]
    await w.after(1_000, Promise.all(calls))
    expect(of(other, 'refreshed')).toMatchObject([{ duration: 300 }])
    expect(of(page, 'waited')).toMatchObject([{ duration: expect.any(Number) }])
    expect(of(page, 'waited')[0]?.duration).toBeGreaterThanOrEqual(300)
    expect(of(page, 'refreshed')).toEqual([])
  })

  it('that it failed: how long it took, why, and when it goes on', async () => {
    const w = world()
    const page = await w.signedIn()
    latency(w, 300, () => new Response('', { status: 503, headers: { 'retry-after': '20' } }))
    const error = (await w.after(1_000, quietly(page.manager.refresh()))) as Error & { retryAt: number }
    expect(of(page, 'refresh_failed')).toMatchObject([
      { outcome: 'failed', reason: 'server_unavailable', status: 503, duration: 300, retryAt: error.retryAt },
    ])
    expect(error.retryAt).toBeGreaterThanOrEqual(w.clock.now() + 19_000)
  })

  it('that there was no network', async () => {
    const w = world()
    const page = await w.signedIn()
    page.lifecycle.setOnline(false)
    w.server.before = () => {
      throw new TypeError('fetch failed')
    }
    await w.after(1_000, quietly(page.manager.refresh()))
    expect(of(page, 'refresh_failed')).toMatchObject([{ outcome: 'offline', reason: 'network_unavailable' }])
  })

  it('nothing of one that a sign-out overtook', async () => {
    const w = world()
    const page = await w.signedIn()
    const open = w.hold()
    const call = quietly(page.manager.refresh())
    await w.settle()
    await w.after(100, page.manager.signOut())
    open()
    expect(await w.after(1_000, call)).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'signed_out' })
    expect([...of(page, 'refresh_failed'), ...of(page, 'refreshed'), ...of(page, 'waited')]).toEqual([])
  })

  it('the other contexts hear of new tokens and of an end, and of nothing else', async () => {
    for (const [answer, messages] of [
      [undefined, 1],
      [() => json({ error: 'invalid_grant' }, 400), 1],
      [() => json({ error: 'invalid_request' }, 400), 0],
    ] as const) {
      const w = world()
      const { manager } = await w.signedIn()
      const { length } = w.hub.posted
      if (answer) w.server.before = answer
      await w.after(1_000, quietly(manager.refresh()))
      expect(w.hub.posted.length - length).toBe(messages)
    }
  })
})

describe('a token that is of no use', () => {
  it('had expired when it came: that is an error of the server’s, and the call ends', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.expiresIn = 0
    expect(await w.after(1_000, quietly(manager.getAccessToken()))).toMatchObject({
      ...{ code: 'ERR_RESPONSE_INVALID', reason: 'invalid_token_response' },
    })
    expect(w.server.requests).toHaveLength(1)
  })

  it('in its last moments is better than none', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(297_000)
    w.server.before = () => json({}, 500)
    expect((await w.after(1_000, manager.getAccessToken())).value).toBe('at-1')
    expect(w.server.requests).toHaveLength(1)
    await w.clock.advance(3_000)
    expect(await w.after(1_000, quietly(manager.getAccessToken()))).toMatchObject({ name: 'TokenManagerError' })
  })

  it('several at once: each in its turn, never two requests at a time', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const open = w.hold()
    const calls = ['https://a/', 'https://b/', 'https://a/'].map((resource) => manager.getAccessToken({ resource }))
    await w.clock.advance(100)
    expect(w.server.requests).toHaveLength(1)
    open()
    const [a, b, again] = await w.after(1_000, Promise.all(calls))
    expect([a?.resource, b?.resource, again?.value]).toEqual(['https://a/', 'https://b/', a?.value])
    expect([w.server.requests.length, w.server.overlap]).toEqual([2, 1])
  })
})

import { describe, expect, it } from 'vitest'
import type { Lock } from '../../src/ports.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { json } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

type Options = Parameters<World['signedIn']>[0]

/** A page whose access token has expired. */
async function expired(options?: Parameters<typeof world>[0], managerOptions?: Options) {
  const w = world(options)
  const page = await w.signedIn(managerOptions)
  await w.clock.advance(301_000)
  return { w, page }
}

const fresh = (w: World, value: string) => ({
  [targetKey({})]: {
    value,
    type: 'Bearer',
    obtainedAt: w.clock.now(),
    expiresAt: w.clock.now() + 900_000,
    scope: 'notes',
  },
})

const lost = () => {
  throw new TypeError('fetch failed')
}

/** What the page said about refreshes that failed. */
const failures = ({ events }: Context) => events.filter(({ type }) => type === 'refresh_failed')

describe('waiting for the lock', () => {
  it('a lock service that refuses is not waited for', async () => {
    const lock: Lock = { spans: 'store', request: async () => Promise.reject(new DOMException('no', 'SecurityError')) }
    const { w, page } = await expired({}, { lock })
    expect((await w.after(100, page.manager.getAccessToken())).value).toBe('at-2')
  })

  it('COO-04: it takes three seconds and no more, then what is claimed is not under it, and the wish is withdrawn', async () => {
    const wishes: AbortSignal[] = []
    const lock: Lock = {
      spans: 'store',
      request(_, { signal }) {
        wishes.push(signal)
        return new Promise((_, reject) => signal.addEventListener('abort', reject))
      },
    }
    const { w, page } = await expired({}, { lock })
    let locked: boolean | undefined
    w.server.before = async () => {
      locked = (await w.record())?.lease?.locked
    }
    const token = page.manager.getAccessToken()
    await w.clock.advance(2_999)
    expect([w.server.requests.length, wishes[0]?.aborted]).toEqual([0, false])
    await w.clock.advance(1)
    expect([w.server.requests.length, locked, wishes[0]?.aborted]).toEqual([1, false, true])
    expect((await w.after(0, token)).value).toBe('at-2')
  })

  it('a lock that is granted although the wish was withdrawn finds nothing to do', async () => {
    let grant: () => Promise<unknown> = async () => {}
    const lock: Lock = { spans: 'store', request: (_, __, run) => new Promise(() => (grant = run)) }
    const { w, page } = await expired({}, { lock })
    expect((await w.after(3_000, page.manager.getAccessToken())).value).toBe('at-2')
    const { get } = page.store.count
    await w.after(0, grant())
    expect(page.store.count.get).toBe(get)
    expect(w.server.requests).toHaveLength(1)
  })

  it('while a lease lives the lock is waited for, so that its end is seen at once', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    w.server.before = () => new Promise(() => {})
    void a.manager.getAccessToken()
    await w.settle()
    w.server.before = () => {}
    const token = b.manager.getAccessToken()
    await w.clock.advance(8_000)
    a.crash()
    expect((await w.after(1_500, token)).value).toBe('at-2')
  })

  it('a record that is lost meanwhile is written back, and refreshed', async () => {
    const { w, page } = await expired({ lock: 'never' })
    const token = page.manager.getAccessToken()
    await w.clock.advance(100)
    // The store loses it and refuses to have it back for a while.
    page.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    await w.write(() => undefined)
    await w.clock.advance(1_000)
    page.store.fault = () => undefined
    expect((await w.after(4_000, token)).value).toBe('at-2')
    expect(failures(page)).toEqual([])
  })

  it('what is read while it is granted counts: nobody waits for one more read', async () => {
    const w = world()
    w.hub.mode = 'drop'
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    const answer = w.hold()
    const first = a.manager.getAccessToken()
    await w.settle()
    const token = b.manager.getAccessToken()
    await w.settle()

    // The look that is under way takes until the lock is granted, and the one under the lock for ever.
    const open: (() => void)[] = []
    b.store.delay = () => new Promise((resolve) => open.push(resolve))
    await w.clock.advance(250)
    answer()
    await w.after(100, first)
    expect(open).toHaveLength(2)
    open[0]?.()
    expect((await w.after(0, token)).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
  })

  it('as long as new tokens are in memory only, it is kept from those who would take the lease for dead', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    a.store.fault = (operation, _, value) =>
      operation === 'swap' && (value as { generation: number }).generation > 1 ? 'before' : undefined
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
    const token = b.manager.getAccessToken()
    token.catch(() => {})
    await w.clock.advance(10_000)
    expect(w.server.requests).toHaveLength(1)
    a.store.fault = () => undefined
    expect((await w.after(2_000, token)).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
  })
})

describe('what ends the wait', () => {
  it('signed out here, and the store does not take it: nothing is sent, and it is no failed refresh', async () => {
    const { w, page } = await expired({ lock: 'none' })
    await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
    const token = page.manager.getAccessToken()
    token.catch(() => {})
    await w.clock.advance(1_000)
    page.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    expect((await w.after(100, page.manager.signOut())).local).toBe('memory_only')
    await expect(w.after(400, token)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'signed_out' })
    await w.clock.advance(20_000)
    expect(w.server.requests).toEqual([])
    expect(failures(page)).toEqual([])
  })

  it('signed out here between claim and wire, and the store does not take it: nothing is sent', async () => {
    const { w, page } = await expired({ lock: 'none' })
    const { swap } = page.store
    page.store.swap = async (...args) => {
      page.store.swap = swap
      const done = await swap(...args)
      page.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
      void page.manager.signOut()
      await Promise.resolve()
      return done
    }
    await expect(w.after(5_000, page.manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.requests).toEqual([])
  })

  it('no refresh token and the access token gone: the session has expired', async () => {
    const w = world()
    const { manager } = w.context()
    await manager.adopt({ accessToken: 'at', expiresAt: w.clock.now() + 60_000 })
    await w.clock.advance(61_000)
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({
      code: 'ERR_SIGNED_OUT',
      reason: 'expired',
    })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'expired' })
  })

  it('a back-off: told when it is over, to the millisecond', async () => {
    const { w, page } = await expired()
    await w.write((record) => ({ ...record, failure: { attempts: 1, delay: 60_000, beat: 'x' } }))
    await w.after(
      100,
      page.manager.getAccessToken().catch(() => {}),
    )
    const began = w.clock.now() - 100
    await w.clock.advance(9_900)
    await expect(w.after(0, page.manager.getAccessToken())).rejects.toMatchObject({
      ...{ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'throttled', retryAt: began + 60_000 },
    })
  })
})

describe('what is told of a refresh', () => {
  it('that it begins: once, and why', async () => {
    const { w, page } = await expired()
    await w.after(100, page.manager.refresh({ reason: 'password' }))
    expect(page.events.filter(({ type }) => type === 'refreshing')).toMatchObject([{ reason: 'password' }])
  })

  it('who sleeps before the wire tries three times and tells of it once', async () => {
    const { w, page } = await expired()
    const { swap } = page.store
    let claims = 0
    page.store.swap = async (key, tag, value, options) => {
      const done = await swap(key, tag, value, options)
      if (options?.durability === 'relaxed') {
        claims++
        w.clock.jump(6_000)
      }
      return done
    }
    await expect(w.after(2_000, page.manager.getAccessToken())).rejects.toMatchObject({
      reason: 'coordination_timeout',
    })
    expect(claims).toBe(3)
    expect(page.told.filter((type) => type === 'refreshing')).toHaveLength(1)
  })

  it('what failed: the storage, or a server whose metadata cannot be had', async () => {
    for (const outcome of ['store_failed', 'failed']) {
      const { w, page } = await expired()
      if (outcome === 'failed') w.server.onDiscovery = () => json({}, 500)
      else page.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
      await w.after(
        1_000,
        page.manager.getAccessToken().catch(() => {}),
      )
      expect(failures(page)).toMatchObject([{ outcome }])
    }
  })
})

describe('how old a claim may be when it is sent', () => {
  it('the lease time less the request limit, to the millisecond', async () => {
    for (const [slept, requests] of [
      [3_000, 1],
      [3_001, 0],
    ] as const) {
      const { w, page } = await expired()
      const { swap } = page.store
      page.store.swap = async (...args) => {
        page.store.swap = swap
        const done = await swap(...args)
        w.clock.jump(slept)
        // A second claim would be young again.
        page.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
        return done
      }
      page.manager.getAccessToken().catch(() => {})
      await w.settle()
      expect([slept, w.server.requests.length]).toEqual([slept, requests])
    }
  })
})

describe('a second sending', () => {
  /** A page whose first answer was lost, in the moment before it is sent again. */
  async function lostOnce(options?: Parameters<typeof world>[0]) {
    const { w, page } = await expired(options)
    w.server.before = () => void (w.server.requests.length === 1 && lost())
    const token = page.manager.getAccessToken()
    token.catch(() => {})
    await w.clock.advance(900)
    expect(w.server.requests).toHaveLength(1)
    return { w, page, token }
  }

  it('asleep once more before the wire: it is not sent, and the first failure stands', async () => {
    const { w, page, token } = await lostOnce()
    const { swap } = page.store
    page.store.swap = async (...args) => {
      page.store.swap = swap
      const done = await swap(...args)
      w.clock.jump(6_000)
      return done
    }
    await expect(w.after(1_200, token)).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect(w.server.requests).toHaveLength(1)
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('another context committed meanwhile and left the lease: it is not sent, and that one is adopted', async () => {
    const { w, token } = await lostOnce({ lock: 'none' })
    await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens: fresh(w, 'at-9') }))
    expect((await w.after(1_200, token)).value).toBe('at-9')
    expect(w.server.requests).toHaveLength(1)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('the lease was taken away or the record lost meanwhile: it stands on a claim of its own', async () => {
    for (const meanwhile of ['lease', 'record'] as const) {
      const { w, token } = await lostOnce({ lock: 'none' })
      await w.write((record) => (meanwhile === 'lease' ? { ...record, lease: undefined } : undefined))
      expect((await w.after(2_500, token)).value).toBe('at-2')
      expect(w.server.requests).toHaveLength(2)
    }
  })

  it('an answer that came, however useless, is none that was lost: it waits for the back-off', async () => {
    const { w, page } = await expired()
    w.server.before = () => new Response('{"access_token":', { headers: { 'content-type': 'application/json' } })
    await expect(w.after(2_500, page.manager.getAccessToken())).rejects.toMatchObject({ status: 200 })
    expect(w.server.requests).toHaveLength(1)
  })
})

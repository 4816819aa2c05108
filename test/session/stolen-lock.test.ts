import { describe, expect, it } from 'vitest'
import type { Lock } from '../../src/ports.ts'
import { world } from '../support/world.ts'

/** A lock that its holder loses when somebody steals it. */
function stealable() {
  let steal = () => {}
  const lock: Lock = {
    spans: 'store',
    request: (_name, _options, run) =>
      new Promise((resolve, reject) => {
        steal = () => reject(new Error('stolen'))
        run().then(resolve, reject)
      }),
  }
  return { lock, steal: () => steal() }
}

describe('a lock that is stolen', () => {
  it('RT-03: while the request is under way, nobody may take the lease for dead because of it', async () => {
    const w = world()
    const { lock, steal } = stealable()
    const { manager } = await w.signedIn({ lock })
    await w.clock.advance(301_000)
    const open = w.hold()
    const call = manager.getAccessToken()
    await w.settle()
    expect((await w.record())?.lease).toMatchObject({ locked: true, beat: 0 })
    steal()
    await w.settle()
    expect((await w.record())?.lease).toMatchObject({ locked: false, beat: 1 })
    open()
    await w.after(1_000, call)
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('RT-03: what was taken over before the loss was heard of is not given back as if nobody had it', async () => {
    const w = world()
    const { lock, steal } = stealable()
    const { manager } = await w.signedIn({ lock })
    await w.clock.advance(301_000)
    await w.write((record) => ({ ...record, lease: { owner: 'thief', beat: 0, locked: true } }))
    const call = Promise.allSettled([manager.getAccessToken()])
    await w.clock.advance(500)
    steal()
    await w.clock.advance(12_000)
    expect(w.server.requests).toHaveLength(0)
    expect((await w.record())?.lease).toBeDefined()
    await w.after(10_000, call)
    expect(w.server.requests).toHaveLength(1)
  })

  it.each([
    [
      'takes the lease back from who took it over',
      { slept: 0, doubt: 'thief', owner: expect.not.stringMatching(/^thief$/) },
    ],
    ['leaves it to them after a sleep', { slept: 14_000, doubt: 'thief', owner: 'thief' }],
    ['leaves it to who never saw ours and may have sent', { slept: 0, doubt: undefined, owner: 'thief' }],
  ])('RT-03: while its request is under way, it %s', async (_, { slept, doubt, owner }) => {
    const w = world()
    const { lock, steal } = stealable()
    const { manager, freeze, thaw } = await w.signedIn({ lock })
    await w.clock.advance(301_000)
    const open = w.hold()
    const call = Promise.allSettled([manager.getAccessToken()])
    await w.settle()
    await w.write((record) => ({ ...record, generation: 9, doubt, lease: { owner: 'thief', beat: 0, locked: true } }))
    if (slept > 0) freeze()
    await w.clock.advance(slept)
    thaw()
    steal()
    await w.settle()
    expect((await w.record())?.lease).toMatchObject({ owner })
    open()
    await w.after(60_000, call)
  })

  it('RT-03: whoever slept, and finds the lease still its own, says that it stands without the lock', async () => {
    const w = world()
    const { lock, steal } = stealable()
    const { manager, freeze, thaw } = await w.signedIn({ lock })
    await w.clock.advance(301_000)
    const open = w.hold()
    const call = Promise.allSettled([manager.getAccessToken()])
    await w.settle()
    const before = (await w.record())?.lease
    freeze()
    await w.clock.advance(14_000)
    thaw()
    steal()
    await w.settle()
    expect((await w.record())?.lease).toEqual({ ...before, beat: 1, locked: false })
    open()
    await w.after(60_000, call)
  })

  it('RT-03: before anything was sent, it begins again without the lock', async () => {
    const w = world()
    const { lock, steal } = stealable()
    const { manager, store } = await w.signedIn({ lock })
    await w.clock.advance(301_000)
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    store.delay = (operation) => (operation === 'swap' ? opened : Promise.resolve())
    w.server.before = async () => {
      expect((await w.record())?.lease).toMatchObject({ locked: false })
    }
    const call = manager.getAccessToken()
    await w.settle()
    steal()
    await w.settle()
    open()
    await w.after(1_000, call)
    expect(w.server.requests).toHaveLength(1)
  })
})

import { describe, expect, it } from 'vitest'
import type { SessionRecord } from '../../src/session/record.ts'
import { world } from '../support/world.ts'

const swaps = (operation: string) => (operation === 'swap' ? ('before' as const) : undefined)

describe('what a store refuses is tried again', () => {
  it('after 250, 500 and then every 750 ms, which is told once, until it works', async () => {
    const w = world()
    const { manager, store, events } = await w.signedIn()
    const times: number[] = []
    const began = w.clock.elapsed()
    store.fault = (operation, key) => {
      if (operation === 'swap' && !key.endsWith('.pending')) times.push(w.clock.elapsed() - began)
      return swaps(operation)
    }
    expect(await w.after(0, manager.signOut())).toMatchObject({ local: 'memory_only' })
    await w.clock.advance(3_100)
    expect(times).toEqual([0, 0, 250, 750, 1_500, 2_250, 3_000])
    expect(events.filter(({ type }) => type === 'store_failed')).toMatchObject([{ during: 'sign_out' }])
    store.fault = () => undefined
    await w.clock.advance(750)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' } })
    const { swap } = store.count
    await w.clock.advance(10_000)
    expect(store.count.swap).toBe(swap)
    expect(w.clock.pending).toBe(0)
  })

  it('and no more once the page is done', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    store.fault = swaps
    await w.after(0, manager.signOut())
    manager.dispose()
    const { swap } = store.count
    await w.clock.advance(10_000)
    expect(store.count.swap).toBe(swap)
    expect(w.clock.pending).toBe(0)
  })
})

describe('a record that the storage lost', () => {
  it('is written back as memory has it, without the lease of a refresh under way', async () => {
    const w = world({ lock: 'none' })
    const { manager, lifecycle, told } = await w.signedIn()
    const open = w.hold()
    const call = manager.refresh()
    await w.clock.advance(100)
    const { lease, ...before } = (await w.record())!
    expect(lease).toBeDefined()
    await w.write(() => undefined)
    lifecycle.resume()
    await w.clock.advance(100)
    expect(await w.record()).toEqual(before)
    expect(told.filter((type) => type === 'storage_lost')).toHaveLength(1)
    open()
    expect((await w.after(1_000, call)).value).toBe('at-2')
  })

  it('is not written over a session that somebody began meanwhile', async () => {
    const w = world({ lock: 'none' })
    const { manager, store, lifecycle } = await w.signedIn()
    store.fault = swaps
    await w.write(() => undefined)
    lifecycle.resume()
    await w.clock.advance(100)
    const { manager: bob } = w.context()
    await w.after(100, bob.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 }))
    const { grantId } = (await w.record())!
    store.fault = () => undefined
    await w.clock.advance(2_000)
    expect((await w.record())?.grantId).toBe(grantId)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
  })

  it('that went back keeps what it says is to be revoked', async () => {
    const w = world({ lock: 'none' })
    const { manager, lifecycle } = await w.signedIn()
    const before = await w.record()
    await w.after(100, manager.refresh())
    w.server.onRevoke = () => new Response('', { status: 503 })
    const outbox = [{ kind: 'refresh_token', token: 'rt-0', addedAt: w.clock.now(), grantId: 'before' }]
    await w.write(() => ({ ...before, outbox }))
    lifecycle.resume()
    await w.clock.advance(100)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2', outbox })
  })

  it('that was lost after its end stays lost', async () => {
    const w = world()
    const { manager, lifecycle, told } = await w.signedIn()
    await w.after(1_000, manager.signOut())
    await w.write(() => undefined)
    lifecycle.resume()
    await w.clock.advance(1_000)
    expect(await w.record()).toBeUndefined()
    expect(told).not.toContain('storage_lost')
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
  })
})

describe('what an event says of its session', () => {
  it('which grant, by eight characters of a random name, and which generation; when nobody is signed in, neither', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    const { grantId } = (await w.record()) as SessionRecord
    const at = w.clock.now()
    await w.after(100, manager.refresh())
    await w.after(100, manager.signOut())
    const of = (wanted: string) => events.find(({ type }) => type === wanted)
    const grant = grantId.slice(0, 8)
    expect(of('signed_in')).toMatchObject({ grant, generation: 1, at: expect.any(Number) })
    expect(of('refreshed')).toMatchObject({ grant, generation: 2, at })
    expect(JSON.stringify(events)).not.toContain(grantId)
    const other = w.context()
    await w.write(() => ({ version: 'nonsense' }))
    await other.manager.ready()
    await w.settle()
    const corrupt = other.events.find(({ type }) => type === 'storage_corrupt')
    expect([corrupt?.grant, corrupt?.generation]).toEqual([undefined, undefined])
  })

  it('a session that ends is told once; one that never began is not', async () => {
    const w = world()
    const { told, manager } = await w.signedIn()
    const empty = world().context()
    await empty.manager.ready()
    await empty.manager.signOut()
    await w.after(100, manager.signOut())
    await w.after(100, manager.signOut())
    expect(told.filter((type) => type === 'signed_out')).toHaveLength(1)
    expect(empty.told).toEqual([])
  })
})

describe('how old the last read is', () => {
  it('is what the clock says that says more; of a wall clock that was set back nobody knows when, so that asks for a read as well', async () => {
    for (const [jump, reads] of [
      [10_000, 1],
      [1, 0],
      [-1, 1],
      [-10_000, 1],
    ] as const) {
      const w = world()
      const { manager, store, lifecycle } = await w.signedIn()
      lifecycle.resume()
      await w.settle()
      w.clock.jump(jump)
      const { get } = store.count
      await w.after(0, manager.getAccessToken())
      expect([jump, store.count.get - get]).toEqual([jump, reads])
    }
  })
})

import { expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { world } from '../support/world.ts'

it('COO-06: a storage that was away for long does not make a living owner look dead', async () => {
  const w = world({ lock: 'none' })
  const [a, b] = [await w.signedIn(), await w.opened()]
  const answer = w.hold()
  const refreshed = a.manager.refresh()
  await w.clock.advance(100)
  const waiting = b.manager.refresh().catch((error) => error)
  await w.clock.advance(1_000)
  for (const { store } of [a, b]) store.fault = () => 'before'
  answer()
  await refreshed
  expect(await w.after(1_000, waiting)).toMatchObject({ reason: 'store_failed' })
  await w.clock.advance(20_000)
  // The storage is back; the connection of the one that has the new tokens takes longer.
  b.store.fault = () => undefined
  const again = b.manager.refresh()
  await w.clock.advance(4_000)
  a.store.fault = () => undefined
  expect((await w.after(2_000, again)).value).toBe('at-2')
  expect(w.server.requests.map(({ refreshToken }) => refreshToken)).toEqual(['rt-1'])
})

it.each(['a sign-in', 'a sign-out', 'a record that it lost', 'a record that went back'])(
  'STO-06: a store that refuses %s for minutes is asked by one, as often in the end as in the beginning',
  async (what) => {
    const w = world({ visible: true })
    const { manager, store, lifecycle, told } = what === 'a sign-in' ? w.context() : await w.signedIn()
    const before = await w.record()
    if (what === 'a record that went back') await w.after(100, manager.refresh())
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    const expiresAt = w.clock.now() + 300_000
    if (what === 'a sign-in') await w.after(100, manager.adopt({ ...w.server.issue(), expiresAt }))
    if (what === 'a sign-out') await w.after(100, manager.signOut())
    if (what === 'a record that it lost') await w.write(() => undefined)
    if (what === 'a record that went back') await w.write(() => before)
    const seconds = async (count: number) => {
      const { swap } = store.count
      for (let second = 0; second < count; second++) {
        manager.getAccessToken().catch(() => {})
        lifecycle.resume()
        await w.clock.advance(1_000)
      }
      return [store.count.swap - swap, told.length]
    }
    await seconds(5)
    const [first = 0, heard] = await seconds(10)
    await seconds(60)
    expect(await seconds(10)).toEqual([expect.any(Number), heard])
    const [last = 0] = await seconds(10)
    expect(last).toBeLessThanOrEqual(first + 2)
    store.fault = () => undefined
    await w.clock.advance(2_000)
    const { status } = manager.state
    expect([status, (await w.record())?.signedOut === undefined]).toEqual(
      what === 'a sign-out' ? ['signedOut', false] : ['signedIn', true],
    )
  },
)

it('RT-16: what a limit ended is told as that in every tab, also by an answer that comes after the next sign-in', async () => {
  const w = world({ lock: 'none', visible: true })
  const [a, b] = [await w.signedIn({ limits: sessionLimits({ maxAge: 60_000 }) }), await w.opened()]
  const answer = w.hold()
  await w.clock.advance(55_000)
  a.manager.refresh().catch(() => {})
  await w.clock.advance(4_000)
  a.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
  await w.clock.advance(1_500)
  expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'max_age' })
  await w.after(100, a.manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 }))
  a.store.fault = () => undefined
  answer()
  await w.settle()
  b.lifecycle.resume()
  await w.settle()
  expect(b.events.filter(({ type }) => type === 'signed_out')).toMatchObject([{ reason: 'max_age' }])
  await w.clock.advance(2_000)
  expect(a.manager.state).toMatchObject({ status: 'signedIn' })
  b.lifecycle.resume()
  await w.settle()
  expect(b.manager.state).toMatchObject({ status: 'signedIn' })
})

it('a storage that is locked, and fails once it is unlocked, is lost: nothing is read for ever', async () => {
  const w = world()
  await w.signedIn()
  const { manager, store, events } = w.context()
  let failure: Error = new TokenManagerError('ERR_STORE_FAILED', 'storage_locked', 'Not before the device is unlocked')
  store.get = () => Promise.reject(failure)
  expect((await w.after(1_000, manager.ready())).status).toBe('loading')

  failure = new Error('a broken item')
  await w.clock.advance(1_000)
  expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'storage_lost' })
  const before = events.length
  await w.clock.advance(60_000)
  expect(events.length).toBe(before)
})

it('a storage that fails at first says later what it has: no session, or how the last one ended', async () => {
  const w = world()
  const late = async () => {
    const context = w.context()
    context.store.fault = () => 'before'
    await w.after(1_000, context.manager.ready())
    expect(context.manager.state).toMatchObject({ status: 'signedOut', reason: 'storage_lost' })
    context.store.fault = () => undefined
    const call = context.manager.getAccessToken().catch((error) => error)
    const error = await w.after(1_000, call)
    return { error, state: context.manager.state }
  }

  const first = await late()
  expect(first.error).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'none' })
  expect(first.state).toEqual({ status: 'signedOut', reason: 'none' })

  const { manager } = await w.signedIn()
  await w.after(1_000, manager.signOut())
  const second = await late()
  expect(second.error).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'signed_out' })
})

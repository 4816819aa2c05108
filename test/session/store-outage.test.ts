import { expect, it } from 'vitest'
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

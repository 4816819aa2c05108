import { expect, it } from 'vitest'
import { world } from '../support/world.ts'

it('REV-01: what another context revoked on our behalf is reported as revoked', async () => {
  const w = world()
  const a = await w.signedIn()
  const b = await w.opened()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  w.server.onRevoke = () => answered
  // The replaced refresh token keeps `a` working on the outbox, and the lock with it.
  await w.after(0, a.manager.adopt({ accessToken: 'at-x', refreshToken: 'rt-x', expiresAt: w.clock.now() + 300_000 }))
  await w.settle()
  const { revoked } = await w.after(0, b.manager.signOut())
  answer()
  expect(await w.after(1_000, revoked)).toBe('revoked')
  expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-1', 'at-1', 'rt-x', 'at-x'])
})

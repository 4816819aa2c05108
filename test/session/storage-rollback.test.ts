import { describe, expect, it } from 'vitest'
import { type World, world } from '../support/world.ts'

const sent = (w: World) => w.server.requests.map(({ refreshToken }) => refreshToken)

/** A session that was refreshed once; what the storage said before is what it says again after `rollBack()`. */
async function refreshedOnce() {
  const w = world({ lock: 'none' })
  const a = await w.signedIn()
  const before = await w.record()
  const b = await w.opened()
  await w.after(100, a.manager.refresh())
  await w.clock.advance(100)
  expect(b.told).toContain('adopted')
  return { w, a, b, rollBack: () => w.write(() => before) }
}

describe('a storage that went back to what it was, as a failover without the last writes', () => {
  it.each(['the one that refreshed', 'one that had heard of it'])(
    'is put right by %s at its next look',
    async (who) => {
      const { w, a, b, rollBack } = await refreshedOnce()
      const [knows, gone] = who === 'the one that refreshed' ? [a, b] : [b, a]
      gone.crash()
      await rollBack()
      await w.clock.advance(6_000)
      expect((await w.after(100, knows.manager.getAccessToken())).value).toBe('at-2')
      expect(knows.told).toContain('storage_lost')
      expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
      const late = await w.opened()
      expect((await w.after(100, late.manager.refresh())).value).toBe('at-3')
      expect(sent(w)).toEqual(['rt-1', 'rt-2'])
      expect(w.server.reuse).toBe(0)
    },
  )

  it('is put right before anything is sent', async () => {
    const { w, a, rollBack } = await refreshedOnce()
    await rollBack()
    expect((await w.after(100, a.manager.refresh())).value).toBe('at-3')
    expect(sent(w)).toEqual(['rt-1', 'rt-2'])
  })

  it('takes the tokens of a refresh that was under way meanwhile', async () => {
    const { w, a, b, rollBack } = await refreshedOnce()
    b.crash()
    w.server.after = async (_, answer) => {
      await rollBack()
      return answer
    }
    expect((await w.after(100, a.manager.refresh())).value).toBe('at-3')
    expect(await w.record()).toMatchObject({ generation: 3, refreshToken: 'rt-3' })
    expect(sent(w)).toEqual(['rt-1', 'rt-2'])
  })

  it('keeps a sign-out that it had lost', async () => {
    const { w, a, rollBack } = await refreshedOnce()
    await w.after(100, a.manager.signOut())
    await rollBack()
    const late = await w.opened()
    expect(late.manager.state.status).toBe('signedIn')
    a.lifecycle.resume()
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' }, accessTokens: {} })
  })
})

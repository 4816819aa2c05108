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

/** A session in the place of another one; what the storage said before is what it says again after `rollBack()`. */
async function signedInAgain(times = 1) {
  const w = world({ lock: 'none' })
  const a = await w.signedIn()
  const before = await w.record()
  const b = await w.opened()
  for (let n = 0; n < times; n++) await w.after(100, a.manager.adopt(w.server.issue()))
  await w.clock.advance(100)
  return { w, a, b, rollBack: () => w.write(() => before) }
}

describe('a storage that went back to a session whose place another one took', () => {
  it.each([
    ['the one that signed in', 1],
    ['one that had heard of it', 1],
    ['one that heard of several', 3],
  ] as const)('is put right by %s at its next look', async (who, times) => {
    const { w, a, b, rollBack } = await signedInAgain(times)
    const newest = await w.record()
    const [knows, gone] = who === 'the one that signed in' ? [a, b] : [b, a]
    gone.crash()
    await rollBack()
    await w.clock.advance(6_000)
    expect((await w.after(100, knows.manager.getAccessToken())).value).toBe(`at-${times + 1}`)
    expect(knows.told).toContain('storage_lost')
    expect(await w.record()).toMatchObject({ grantId: newest?.grantId, refreshToken: `rt-${times + 1}` })
    expect(sent(w)).toEqual([])
  })

  it('is put right before anything is sent', async () => {
    const { w, a, rollBack } = await signedInAgain()
    await rollBack()
    expect((await w.after(100, a.manager.refresh())).value).toBe('at-3')
    expect(sent(w)).toEqual(['rt-2'])
  })

  it('takes the tokens of a refresh that was under way meanwhile', async () => {
    const { w, a, b, rollBack } = await signedInAgain()
    const newest = await w.record()
    b.crash()
    w.server.after = async (_, answer) => {
      await rollBack()
      return answer
    }
    expect((await w.after(100, a.manager.refresh())).value).toBe('at-3')
    expect(await w.record()).toMatchObject({ grantId: newest?.grantId, generation: 2, refreshToken: 'rt-3' })
    expect(sent(w)).toEqual(['rt-2'])
  })

  it('keeps a sign-out that it had lost', async () => {
    const { w, a, rollBack } = await signedInAgain()
    await w.after(100, a.manager.signOut())
    await rollBack()
    a.lifecycle.resume()
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' }, accessTokens: {} })
  })

  it('that came back in a context that was behind gives way there too', async () => {
    const { w, a, b } = await signedInAgain()
    await w.write(() => undefined)
    await w.clock.advance(6_000)
    for (const { manager } of [a, b]) expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
    expect(b.told).not.toContain('adopted')
  })

  it('was cleared: whose place a sign-in takes is known from memory, and gives way to it', async () => {
    const w = world({ lock: 'none' })
    const a = await w.signedIn()
    const before = await w.record()
    await w.write(() => undefined)
    await w.after(100, a.manager.adopt(w.server.issue()))
    expect((await w.record())?.replaced).toBe(before?.grantId)
    await w.write(() => before)
    await w.clock.advance(6_000)
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-2' })
  })

  it('was cleared after a sign-out: what waited to be revoked is revoked after the next sign-in', async () => {
    const w = world({ lock: 'none' })
    const a = await w.signedIn()
    w.server.onRevoke = () => new Response('', { status: 503 })
    await w.after(100, a.manager.signOut())
    await w.write(() => undefined)
    w.server.onRevoke = () => {}
    await w.after(100, a.manager.adopt(w.server.issue()))
    await w.clock.advance(60_000)
    expect(w.server.revoked.map(({ token }) => token)).toEqual(expect.arrayContaining(['rt-1', 'at-1']))
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-2', outbox: [] })
  })

  it('a sign-in after the storage was cleared, by one that knew of nothing, is taken by all', async () => {
    const { w, a, b } = await signedInAgain()
    b.crash()
    await w.write(() => undefined)
    const c = await w.opened()
    await w.after(100, c.manager.adopt(w.server.issue()))
    await w.clock.advance(6_000)
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-3')
  })
})

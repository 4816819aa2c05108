import { describe, expect, it } from 'vitest'
import { followAccessToken } from '../../src/manager/follow-access-token.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { limits } from '../../src/session/limits.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Change } from '../../src/session/record-writer.ts'
import type { Session } from '../../src/session/session.ts'
import { manualClock } from '../support/manual-clock.ts'
import { world } from '../support/world.ts'

const start = 1_800_000_000_000
const hour = 3_600_000

function signedIn(options: { maxAge?: number; idleTimeout?: number }) {
  const clock = manualClock(start)
  const written: (SessionRecord | undefined)[] = []
  const session = {
    ...{ options, platform: { clock } },
    live: { grantId: 'g', signedInAt: start, usedAt: start } as SessionRecord | undefined,
    stored: { grantId: 'g', usedAt: start } as SessionRecord | undefined,
    fails: false,
    on: () => () => {},
    durability: '',
    async update(change: Change, { durability }: { durability: string }) {
      if (session.fails) throw new Error('refused')
      session.durability = durability
      written.push(change(session.stored)?.next)
    },
  }
  let still: ((record: SessionRecord) => boolean) | undefined
  let ended: string | undefined
  const limited = limits(session as unknown as Session, async (reason, _, isStill) => {
    ended = reason
    still = isStill
  })
  /** What `check()` ends the session with. */
  const overdue = async () => {
    ended = undefined
    await limited.check()
    return ended
  }
  return { clock, session, written, limited, overdue, isStill: (record: SessionRecord) => still?.(record) }
}

describe('RT-16: limits of this client', () => {
  it('maxAge counts from the sign-in', async () => {
    const { clock, limited, overdue } = signedIn({ maxAge: 8 * hour })
    expect(limited.next).toBe(start + 8 * hour)
    clock.jump(8 * hour - 1)
    limited.used()
    expect(await overdue()).toBeUndefined()
    clock.jump(1)
    expect(await overdue()).toBe('max_age')
  })

  it('idleTimeout counts from the last use, here or, by the record, elsewhere', async () => {
    const { clock, session, limited, overdue } = signedIn({ idleTimeout: hour })
    clock.jump(hour / 2)
    limited.used()
    expect(limited.next).toBe(start + 1.5 * hour)
    clock.jump(hour - 1)
    expect(await overdue()).toBeUndefined()
    clock.jump(1)
    expect(await overdue()).toBe('idle')
    session.live = { ...session.live, usedAt: start + hour } as SessionRecord
    expect([await overdue(), limited.next]).toEqual([undefined, start + 2 * hour])
  })

  it('the older limit is named, and the sooner one is next', async () => {
    const { clock, limited, overdue } = signedIn({ maxAge: 2 * hour, idleTimeout: hour })
    expect(limited.next).toBe(start + hour)
    clock.jump(hour)
    expect(await overdue()).toBe('idle')
    clock.jump(hour)
    expect(await overdue()).toBe('max_age')
  })

  it('use elsewhere that is stored meanwhile keeps it', async () => {
    const { clock, overdue, isStill } = signedIn({ idleTimeout: hour })
    clock.jump(hour)
    expect(await overdue()).toBe('idle')
    expect(isStill({ signedInAt: start, usedAt: start } as SessionRecord)).toBe(true)
    expect(isStill({ signedInAt: start, usedAt: start + 1 } as SessionRecord)).toBe(false)
  })

  it('without limits, and without a session, nothing is ever due', async () => {
    const { clock, limited, written, overdue } = signedIn({})
    clock.jump(1_000 * hour)
    limited.used()
    expect([await overdue(), limited.next, written]).toEqual([undefined, Infinity, []])
    const none = signedIn({ maxAge: hour, idleTimeout: hour })
    none.session.live = undefined
    expect(await none.overdue()).toBeUndefined()
    none.limited.used()
  })
})

describe('what is written of a use', () => {
  it('is written at a tenth of the timeout, not before, and may be lost in a crash', async () => {
    const { clock, session, written, limited } = signedIn({ idleTimeout: hour })
    clock.jump(hour / 10 - 1)
    limited.used()
    expect(written).toEqual([])
    clock.jump(1)
    limited.used()
    expect(written).toEqual([{ grantId: 'g', usedAt: start + hour / 10 }])
    expect(session.durability).toBe('relaxed')
    clock.jump(hour / 10 - 1)
    limited.used()
    expect(written).toHaveLength(1)
    clock.jump(1)
    limited.used()
    expect(written).toHaveLength(2)
  })

  it.each<[string, Partial<SessionRecord> | undefined]>([
    ['lost', undefined],
    ['ended', { grantId: 'g', signedOut: { at: start, reason: 'signed_out' } }],
    ['followed by another', { grantId: 'h' }],
  ])('nothing, when the session was %s meanwhile', (_, stored) => {
    const { clock, session, written, limited } = signedIn({ idleTimeout: hour })
    session.stored = stored as SessionRecord | undefined
    clock.jump(hour / 10)
    limited.used()
    expect(written).toEqual([undefined])
  })

  it('that a storage refuses is nobody’s fault, and counts all the same', async () => {
    const { clock, session, limited, overdue } = signedIn({ idleTimeout: hour })
    session.fails = true
    clock.jump(hour - 1)
    limited.used()
    await clock.advance(0)
    clock.jump(hour - 1)
    expect(await overdue()).toBeUndefined()
  })
})

describe('RT-16: what is no use', () => {
  const minute = 60_000
  const idle = { limits: sessionLimits({ idleTimeout: 15 * minute }) }

  it('a page that always shows the newest token does not keep the session alive', async () => {
    const w = world({ visible: true })
    const { manager } = await w.signedIn(idle)
    const stop = followAccessToken(manager, {}, () => {})
    await w.clock.advance(8 * hour)
    stop()
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
  })

  it('nor does a listener that asks for another token, which has expired, after each refresh', async () => {
    const w = world({ visible: true })
    const resources = [
      { url: 'https://api.example/', resource: 'urn:api' },
      { url: 'https://mail.example/', resource: 'urn:mail' },
    ]
    const { manager } = await w.signedIn({ ...idle, resources })
    let asked = 0
    manager.on('refreshed', () => {
      asked++
      const ofMail = manager.getAccessToken({ resource: 'urn:mail', minValidity: 250_000 })
      ofMail.catch(() => {})
    })
    await w.clock.advance(16 * minute)
    expect(asked).toBeGreaterThan(2)
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
  })

  it('nor do the refreshes in the background after an outage', async () => {
    const w = world({ visible: true })
    const { manager } = await w.signedIn(idle)
    const usedAt = (await w.record())?.usedAt
    w.server.before = () => new Response('', { status: 503 })
    await w.clock.advance(10 * minute)
    w.server.before = () => undefined
    await w.clock.advance(290_000)
    expect((await w.record())?.usedAt).toBe(usedAt)
    await w.clock.advance(minute)
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
  })

  it('what the app asks for is, also if a refresh was needed for it', async () => {
    const w = world()
    const { manager } = await w.signedIn(idle)
    for (let time = 0; time < 4; time++) {
      await w.clock.advance(10 * minute)
      expect((await w.after(100, manager.getAccessToken())).value).toBe(`at-${time + 2}`)
    }
    expect(manager.state.status).toBe('signedIn')
  })
})

describe('a use that is written over what another context has brought', () => {
  it('COO-06: is told as `adopted`, so that nobody goes on with the token before', async () => {
    const w = world()
    const idle = { limits: sessionLimits({ idleTimeout: 20_000 }) }
    const a = await w.signedIn(idle)
    const b = await w.opened(idle)
    const shown: (string | undefined)[] = []
    const stop = followAccessToken(b.manager, {}, ({ accessToken }) => shown.push(accessToken?.value))
    await w.clock.advance(1_900)
    await w.after(10, b.manager.getAccessToken())
    w.hub.mode = 'hold'
    await w.after(10, a.manager.refresh())
    await w.clock.advance(200)
    await w.after(10, b.manager.getAccessToken())
    stop()
    expect(b.told).toContain('adopted')
    expect(shown.at(-1)).toBe('at-2')
  })
})

describe('a limit that passes while the storage of one tab fails', () => {
  const idle = { limits: sessionLimits({ idleTimeout: 20_000 }) }

  /** Two tabs. The storage of the second one fails until its limit has passed. */
  async function passed(isUsed: boolean) {
    const w = world()
    const a = await w.signedIn(idle)
    const b = await w.opened(idle)
    b.store.fault = () => 'before'
    await w.clock.advance(15_000)
    if (isUsed) await w.after(10, a.manager.getAccessToken())
    await w.clock.advance(6_000)
    expect(b.manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
    return { ...w, a, b }
  }

  it('does not keep this tab signed out when it turns out that another tab used the session', async () => {
    const { a, b, clock, after } = await passed(true)
    b.store.fault = () => undefined
    await clock.advance(1_000)
    expect(a.manager.state.status).toBe('signedIn')
    expect(b.manager.state.status).toBe('signedIn')
    expect((await after(10, b.manager.getAccessToken())).value).toBe('at-1')
  })

  it('ends the session in all tabs when nobody used it', async () => {
    const { a, b, clock, record } = await passed(false)
    b.store.fault = () => undefined
    await clock.advance(1_000)
    expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
    expect(b.manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
    expect(await record()).toMatchObject({ signedOut: { reason: 'idle' } })
  })
})

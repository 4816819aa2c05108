import { describe, expect, it } from 'vitest'
import { limits } from '../../src/session/limits.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Change } from '../../src/session/record-writer.ts'
import type { Session } from '../../src/session/session.ts'
import { manualClock } from '../support/manual-clock.ts'

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

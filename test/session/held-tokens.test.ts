import { describe, expect, it } from 'vitest'
import type { StoredAccessToken } from '../../src/protocol/access-token.ts'
import { heldToken, heldTokens } from '../../src/session/held-tokens.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Session } from '../../src/session/session.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { manualClock } from '../support/manual-clock.ts'

const start = 1_800_000_000_000

/** A clock that has run for a while, and a random source that says one half. */
function platform() {
  const clock = manualClock(start)
  clock.jump(0)
  return { clock, crypto: { randomBytes: () => new Uint8Array([128, 0]) } as unknown as Session['platform']['crypto'] }
}

const stored = (more: Partial<StoredAccessToken> = {}): StoredAccessToken => ({
  ...{ value: 'at', type: 'Bearer', obtainedAt: start, expiresAt: start + 300_000, scope: 'notes' },
  ...more,
})

describe('the times of an access token', () => {
  const options = { leeway: 60_000, jitter: 0.2 }
  const times = (token: StoredAccessToken, more = options) => {
    const { refreshAt, waitAt, deadAt } = heldToken(token, platform(), more)
    return [refreshAt, waitAt, deadAt]
  }

  it('RT-07: it is refreshed ahead by the leeway less its jitter, waited for in the last 5 s, and then dead', () => {
    expect(times(stored())).toEqual([300_000 - 54_000, 295_000, 300_000])
    expect(times(stored(), { leeway: 60_000, jitter: 0 })).toEqual([240_000, 295_000, 300_000])
    expect(times(stored(), { leeway: 60_000, jitter: 1 })).toEqual([270_000, 295_000, 300_000])
  })

  it('in a short life the last moments are a twentieth of it', () => {
    expect(times(stored({ expiresAt: start + 60_000 }), { leeway: 60_000, jitter: 0 })).toEqual([
      48_000, 57_000, 60_000,
    ])
    expect(times(stored(), { leeway: 4_000, jitter: 0 })).toEqual([296_000, 299_000, 300_000])
  })

  it('a life of less than 10 s is never refreshed ahead', () => {
    expect(times(stored({ expiresAt: start + 9_999 }))[0]).toBe(Infinity)
    expect(times(stored({ expiresAt: start + 10_000 }))[0]).toBeLessThan(10_000)
  })

  it('ACQ-22: without an expiry it has none of these', () => {
    expect(times(stored({ expiresAt: undefined }))).toEqual([Infinity, Infinity, Infinity])
  })

  it('what was obtained a while ago has that much less', () => {
    const token = stored({ obtainedAt: start - 100_000, expiresAt: start + 200_000 })
    expect(times(token, { leeway: 60_000, jitter: 0 })).toEqual([140_000, 195_000, 200_000])
  })

  it('RT-08: from the future by a little, it lives for as long as the server said; by more, it is dead', () => {
    const from = (ms: number) => times(stored({ obtainedAt: start + ms, expiresAt: start + ms + 300_000 }))[2]
    expect([from(10_000), from(10_001)]).toEqual([300_000, 0])
  })
})

describe('the access tokens in memory', () => {
  function signedIn(tokens: Record<string, StoredAccessToken>) {
    const parts = platform()
    const session = {
      platform: parts,
      options: { leeway: 60_000, jitter: 0 },
      live: { grantId: 'g', accessTokens: tokens } as unknown as SessionRecord | undefined,
    }
    const held = heldTokens(session as unknown as Session)
    held.sync()
    return { ...parts, session, held }
  }

  it('one is used until its last moments, or for as long as it has to live on', async () => {
    const { clock, held } = signedIn({ [targetKey({})]: stored() })
    const usable = (minValidity?: number) => held.usable({}, minValidity) !== undefined
    await clock.advance(294_999)
    expect([usable(), usable(0), usable(5_000), usable(5_001), usable(5_002)]).toEqual([true, true, true, false, false])
    await clock.advance(1)
    expect([usable(), usable(0)]).toEqual([false, true])
    await clock.advance(4_999)
    expect(usable(0)).toBe(true)
    await clock.advance(1)
    expect(usable(0)).toBe(false)
  })

  it('RT-08: a wall clock that is past its expiry ends it, too', () => {
    const { clock, held } = signedIn({ [targetKey({})]: stored() })
    clock.jump(299_999)
    expect(held.usable({}, -300_000)).toBeDefined()
    clock.jump(1)
    expect(held.usable({}, -300_000)).toBeUndefined()
  })

  it('what an API refused is not used, but still known', () => {
    const { held } = signedIn({
      [targetKey({})]: stored(),
      [targetKey({ resource: 'https://a/' })]: stored({ value: 'a', expiresAt: start + 100_000 }),
    })
    expect(held.until).toBe(300_000)
    held.get({})!.rejected = true
    expect([held.usable({}), held.get({})?.token.value]).toEqual([undefined, 'at'])
    expect(held.usable({ resource: 'https://a/' })?.token.value).toBe('a')
    expect(held.until).toBe(100_000)
  })

  it('none lives for ever where there is none', () => {
    expect(signedIn({}).held.until).toBe(-Infinity)
  })

  it('a token keeps its object and what is known of it for as long as it is there', async () => {
    const { clock, session, held } = signedIn({ [targetKey({})]: stored() })
    const first = held.get({})
    first!.rejected = true
    await clock.advance(1_000)
    session.live = { ...session.live, generation: 2 } as SessionRecord
    held.sync()
    expect(held.get({})).toBe(first)
    session.live = {
      grantId: 'h',
      accessTokens: { [targetKey({})]: stored({ value: 'next' }) },
    } as unknown as SessionRecord
    held.sync()
    expect(held.get({})).toMatchObject({ rejected: false, token: { value: 'next' } })
    expect([held.grantOf(first!.token), held.grantOf(held.get({})!.token)]).toEqual(['g', 'h'])
  })

  it('a token of the same text is another one when another commit or another grant brought it', () => {
    const { session, held } = signedIn({ [targetKey({})]: stored({ generation: 1 }) })
    const first = held.get({})!
    first.rejected = true
    const bring = (grantId: string, more: object) => {
      const accessTokens = { [targetKey({})]: stored({ generation: 1, ...more }) }
      session.live = { grantId, accessTokens } as unknown as SessionRecord
      held.sync()
      return held.get({})!
    }
    const again = bring('g', { generation: 2, expiresAt: start + 900_000 })
    expect(again).toMatchObject({ rejected: false, deadAt: 900_000, returnedAt: 0, token: { value: 'at' } })
    expect(again.token).not.toBe(first.token)
    expect(bring('g', { generation: 3 })).toMatchObject({ rejected: false, returnedAt: 0 })
    expect(bring('g', { generation: 4, value: 'other' })).toHaveProperty('returnedAt', undefined)
    const last = held.get({})!
    expect(bring('h', { generation: 4, value: 'other' })).not.toBe(last)
    expect([held.grantOf(last.token), held.grantOf(held.get({})!.token)]).toEqual(['g', 'h'])
  })

  it('of a session that is over nothing is used; whose a token was is still known', () => {
    const { session, held } = signedIn({ [targetKey({})]: stored() })
    const { token } = held.get({})!
    session.live = undefined
    held.sync()
    expect([held.get({}), held.usable({}), held.grantOf(token)]).toEqual([undefined, undefined, 'g'])
  })
})

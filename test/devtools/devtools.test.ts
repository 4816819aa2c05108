import { describe, expect, it, vi } from 'vitest'
import { devtoolsPorts } from '../../src/devtools/devtools-ports.ts'
import { partsOf, report } from '../../src/devtools/report.ts'
import { lanesOf, toneOf } from '../../src/devtools/timeline.ts'
import { type SessionState, TokenManagerError } from '../../src/index.ts'
import type { JournalEntry } from '../../src/telemetry/index.ts'
import { createTestTokenManager } from '../../src/testing/index.ts'
import { canary } from '../support/canary.ts'

const entry = (type: JournalEntry['type'], at: number, details: Partial<JournalEntry> = {}): JournalEntry => ({
  type,
  at,
  context: 'aaaa',
  ...details,
})

describe('the report', () => {
  it('ERR-01: names claims, and holds no value of theirs', () => {
    const word = 'kanarienvogel-'
    const bird = canary(word)
    const { state } = createTestTokenManager({ claims: { sub: `${word}1`, name: `${word}2` } })
    const text = report(state, [entry('signed_in', 0)])
    bird.see(text, 'report')
    expect(bird.sightings).toEqual([])
    expect(text).toContain('claims: iss sub aud iat exp name')
    expect(text).toContain('1970-01-01T00:00:00.000Z aaaa signed_in: A sign-in was completed here.')
  })

  it('says why a session ended, and what went wrong', () => {
    const error = new TokenManagerError('ERR_GRANT_REJECTED', 'invalid_grant')
    const state: SessionState = { status: 'signedOut', reason: 'rejected', error }
    const text = report(state, [entry('signed_out', 0, { reason: 'rejected' })])
    expect(text).toContain('error: ERR_GRANT_REJECTED (invalid_grant)')
    expect(text).toContain('The session ended because the authorization server no longer accepts the refresh token')
  })

  it.each([
    ['loading', ['status']],
    ['signedOut', ['status', 'reason']],
    ['suspended', ['status', 'health', 'cause', 'signed in at', 'scope', 'claims']],
  ] as const)('has the parts of a session that is %s', (state, names) => {
    expect(partsOf(createTestTokenManager({ state }).state).map(([name]) => name)).toEqual(names)
  })
})

describe('the timeline', () => {
  it('has a lane for each tab, and a bar from one token to the next', () => {
    const entries = [
      entry('signed_in', 10, { generation: 1 }),
      entry('opened', 15, { context: 'bbbb' }),
      entry('refreshed', 20, { generation: 2 }),
      entry('adopted', 21, { generation: 2, context: 'bbbb' }),
      entry('signed_out', 30),
    ]
    expect(lanesOf(entries, 50).map(({ context, bars }) => ({ context, bars }))).toEqual([
      {
        context: 'aaaa',
        bars: [
          { from: 10, until: 20, generation: 1 },
          { from: 20, until: 30, generation: 2 },
        ],
      },
      { context: 'bbbb', bars: [{ from: 21, until: 50, generation: 2 }] },
    ])
  })

  it('tells what is good from what is not', () => {
    const types = ['refreshed', 'refresh_failed', 'signed_out', 'waited'] as const
    expect(types.map((type) => toneOf(entry(type, 0)))).toEqual(['good', 'bad', 'end', 'plain'])
  })
})

describe('devtoolsPorts', () => {
  it('puts the clock forward, and fires what has become due, once', async () => {
    vi.useFakeTimers()
    try {
      const { clock } = devtoolsPorts()
      const [early, late, undone] = [vi.fn(), vi.fn(), vi.fn()]
      const start = clock.elapsed()
      const wall = clock.now()
      clock.at(start + 1_000, early)
      clock.at(start + 3_600_000, late)
      clock.at(start + 3_600_000, undone)()
      await vi.advanceTimersByTimeAsync(1_500)
      expect([early, late].map(({ mock }) => mock.calls.length)).toEqual([1, 0])

      clock.ahead = 3_600_000
      await vi.advanceTimersByTimeAsync(0)
      expect(clock.now() - wall).toBeGreaterThanOrEqual(3_600_000)
      await vi.advanceTimersByTimeAsync(10)
      expect([early, late, undone].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0])
    } finally {
      vi.useRealTimers()
    }
  })

  it('cuts the network of this tab', async () => {
    const ports = devtoolsPorts()
    const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('here'))
    try {
      expect(await (await ports.fetch('https://api.example/')).text()).toBe('here')
      ports.offline = true
      await expect(ports.fetch('https://api.example/')).rejects.toThrow(TypeError)
      expect(fetch).toHaveBeenCalledOnce()
    } finally {
      fetch.mockRestore()
    }
  })
})

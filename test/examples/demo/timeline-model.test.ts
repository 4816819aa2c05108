import { describe, expect, it } from 'vitest'
import type { Entry, Happening } from '../../../examples/demo/page/feed.ts'
import { timelineModel } from '../../../examples/demo/page/timeline-model.ts'

const up = { down: false, offline: false, ahead: 0 }
const happened = (...list: [at: number, tab: string, what: Happening][]): Entry[] =>
  list.map(([at, tab, what], index) => ({ ...what, at, tab, id: String(index) }))
const token = (generation: number, end: number): Happening => ({ kind: 'token', generation, end, lifetime: 60_000 })
const event = (type: string, generation?: number): Happening => ({ kind: 'event', type, generation, grant: 'g' })

describe('what the timeline draws', () => {
  it('ends a token where the next one begins', () => {
    const { lanes } = timelineModel(happened([0, 'A', token(1, 60_000)], [48_000, 'A', token(2, 108_000)]))
    expect(lanes[0]?.bars.map(({ from, until }) => [from, until])).toEqual([
      [0, 48_000],
      [48_000, 108_000],
    ])
  })

  it("ends every tab's token where the clock was put forward past its expiry", () => {
    const { lanes } = timelineModel(
      happened(
        [0, 'A', token(1, 60_000)],
        [0, 'B', token(1, 60_000)],
        [20_000, 'A', { kind: 'knob', knob: 'expire', world: { ...up, ahead: 41_000 } }],
      ),
    )
    expect(lanes.map(({ bars }) => bars[0]?.until)).toEqual([20_000, 20_000])
  })

  it('keeps one bar for a token found again after a reload', () => {
    const { lanes } = timelineModel(
      happened(
        [0, 'A', token(1, 60_000)],
        [10_000, 'A', { kind: 'tab', what: 'closed' }],
        [10_500, 'A', { kind: 'tab', what: 'opened' }],
        [10_600, 'A', token(1, 60_000)],
      ),
    )
    expect(lanes[0]?.bars).toMatchObject([{ from: 0, until: 60_000 }])
    expect(lanes[0]?.open).toBe(true)
  })

  it('leads from the tab that refreshed to those that took the same token, and to no other', () => {
    const { handovers, lanes } = timelineModel(
      happened(
        [100, 'A', event('refreshed', 2)],
        [105, 'A', event('adopted', 2)],
        [110, 'B', event('adopted', 2)],
        [120, 'B', { kind: 'event', type: 'waited', duration: 80 }],
        [130, 'C', event('adopted', 7)],
      ),
    )
    expect(handovers).toEqual([{ at: 110, from: 'A', to: 'B' }])
    expect(lanes[1]?.waited).toEqual([{ from: 40, until: 120 }])
  })

  it('shows how long the server was down, open-ended while it lasts', () => {
    const knob = (down: boolean): Happening => ({ kind: 'knob', knob: '', world: { ...up, down } })
    const { down } = timelineModel(happened([10, 'A', knob(true)], [30, 'A', knob(false)], [50, 'B', knob(true)]))
    expect(down).toEqual([{ from: 10, until: 30 }, { from: 50 }])
  })

  it('ends the token at sign-out and keeps what is left of it', () => {
    const { lanes } = timelineModel(happened([0, 'A', token(1, 60_000)], [5000, 'A', event('signed_out', 1)]))
    expect(lanes[0]?.bars).toMatchObject([{ until: 5000, end: 60_000 }])
  })
})

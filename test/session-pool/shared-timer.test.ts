import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { sharedTimer } from '../../src/session-pool/shared-timer.ts'
import { clockContract } from '../contracts/clock.ts'
import { manualClock } from '../support/manual-clock.ts'

clockContract('sharedTimer', () => ({
  clock: sharedTimer(systemClock),
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 5)),
}))

describe('sharedTimer', () => {
  it('runs everything once, in its time and its order, but what was cancelled, with one timer', async () => {
    const alarm = fc.record({
      in: fc.integer({ min: 1, max: 50 }),
      cancelAt: fc.option(fc.integer({ min: 0, max: 60 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(alarm, { maxLength: 40 }), async (alarms) => {
        const clock = manualClock()
        const timer = sharedTimer(clock)
        const ran: { index: number; at: number }[] = []
        const undo = alarms.map((one, index) => timer.at(one.in, () => ran.push({ index, at: clock.elapsed() })))
        expect(clock.pending).toBeLessThanOrEqual(1)
        for (let at = 0; at <= 60; at++) {
          for (const [index, { cancelAt }] of alarms.entries()) if (cancelAt === at) undo[index]?.()
          await clock.advance(0)
          expect(clock.pending).toBeLessThanOrEqual(1)
          await clock.advance(1)
        }
        const expected = alarms.flatMap((one, index) =>
          one.cancelAt === null || one.cancelAt >= one.in ? [{ index, at: one.in }] : [],
        )
        const byIndex = (a: { index: number }, b: { index: number }) => a.index - b.index
        expect([...ran].sort(byIndex)).toEqual(expected.sort(byIndex))
        expect(ran.map(({ at }) => at)).toEqual(ran.map(({ at }) => at).sort((a, b) => a - b))
        expect(timer.waiting).toBe(0)
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('what one of them throws keeps none of the others waiting', async () => {
    const clock = manualClock()
    const timer = sharedTimer(clock)
    const ran: string[] = []
    timer.at(10, () => {
      timer.at(20, () => ran.push('armed inside'))
      throw new Error('seen')
    })
    timer.at(10, () => ran.push('beside'))
    timer.at(30, () => ran.push('later'))
    await expect(clock.advance(10)).rejects.toThrow('seen')
    await clock.advance(20)
    expect(ran).toEqual(['beside', 'armed inside', 'later'])
  })

  it('rings what waits when one alarm cancels another that is due at the same time', async () => {
    const clock = manualClock()
    const timer = sharedTimer(clock)
    const ran: string[] = []
    timer.at(10, () => {
      ran.push('first')
      undo()
    })
    const undo = timer.at(10, () => ran.push('cancelled'))
    timer.at(30, () => ran.push('later'))

    await clock.advance(10)
    expect(timer.waiting).toBe(1)
    await clock.advance(20)
    expect(ran).toEqual(['first', 'later'])
    expect(timer.waiting).toBe(0)
  })

  it('keeps nothing of what was cancelled long before its time', () => {
    const clock = manualClock()
    const timer = sharedTimer(clock)
    timer.at(1, () => {})
    let released = 0
    for (let round = 0; round < 50_000; round++) timer.at(1e9 + round, () => released++)()
    expect(timer.waiting).toBe(1)
    expect(clock.pending).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import { quickMoment } from '../../src/session/moment.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

/** Resolves after `time` ms of `clock`. */
const pauseOn = (clock: ManualClock) => (time: number) =>
  new Promise<void>((resolve) => void clock.at(clock.elapsed() + time, resolve))

/** A clock, and how often each of its hands was looked at. */
function countingClock() {
  const clock = manualClock()
  const looks = { now: 0, elapsed: 0 }
  const counting: ManualClock = {
    ...clock,
    now() {
      looks.now++
      return clock.now()
    },
    elapsed() {
      looks.elapsed++
      return clock.elapsed()
    },
  }
  return { clock, counting, looks }
}

describe('quickMoment', () => {
  it('looks at the wall clock once a call, and at the monotonic clock once in 50 ms', async () => {
    const { clock, counting, looks } = countingClock()
    const tell = quickMoment(counting, pauseOn(clock))
    tell()
    Object.assign(looks, { now: 0, elapsed: 0 })
    for (let call = 0; call < 100; call++) tell()
    expect(looks).toEqual({ now: 100, elapsed: 0 })

    await clock.advance(50)
    for (let call = 0; call < 100; call++) tell()
    expect(looks.elapsed).toBe(1)
  })

  it('tells what both clocks say, to the millisecond', async () => {
    const clock = manualClock()
    const tell = quickMoment(clock, pauseOn(clock))
    for (const step of [0, 1, 7, 41, 1, 49, 50, 51, 10_000, 3]) {
      await clock.advance(step)
      expect(tell()).toEqual({ now: clock.now(), elapsed: clock.elapsed() })
    }
  })

  it.each([
    ['went ahead, as after sleep', 8 * 3_600_000],
    ['went back', -3_600_000],
    ['went back by a moment', -1],
  ])('a wall clock that %s has the monotonic one read again', async (_, by) => {
    const clock = manualClock()
    const tell = quickMoment(clock, pauseOn(clock))
    tell()
    await clock.advance(20)
    clock.jump(by - 20)
    expect(tell()).toEqual({ now: clock.now(), elapsed: clock.elapsed() })
  })

  it('a wall clock that was set back to where it was hides nothing of what has passed', async () => {
    const clock = manualClock()
    const tell = quickMoment(clock, pauseOn(clock))
    tell()
    for (const passed of [50, 6_000, 3_600_000]) {
      await clock.advance(passed)
      clock.jump(-passed)
      expect(tell().elapsed).toBe(clock.elapsed())
    }
  })
})

import { describe, expect, it } from 'vitest'
import { patientClock } from '../../src/resource-server/patient-clock.ts'

const HOUR = 3_600_000
const START = 1_800_000_000_000

function clocks() {
  const machine = { offset: START, elapsed: 0 }
  const clock = patientClock(
    () => machine.offset + machine.elapsed,
    () => machine.elapsed,
  )
  return { machine, time: () => clock() - START }
}

describe('a clock that decides what is removed', () => {
  it('goes with the wall clock, also if that is adjusted a little or set back', () => {
    const { machine, time } = clocks()
    machine.elapsed = 1_000
    expect(time()).toBe(1_000)
    machine.offset += 5_000
    expect(time()).toBe(6_000)
    machine.offset -= 2 * HOUR
    expect(time()).toBe(6_000 - 2 * HOUR)
  })

  it('does not follow a jump ahead that passes', () => {
    const { machine, time } = clocks()
    machine.offset += 24 * HOUR
    machine.elapsed = 10_000
    expect(time()).toBe(10_000)
    machine.elapsed += HOUR
    machine.offset = START
    expect(time()).toBe(10_000 + HOUR)
    // Another one counts from its own beginning.
    machine.offset += 24 * HOUR
    expect(time()).toBe(10_000 + HOUR)
    machine.elapsed += HOUR - 1
    expect(time()).toBe(10_000 + 2 * HOUR - 1)
  })

  it('follows a jump ahead that has lasted for an hour', () => {
    const { machine, time } = clocks()
    machine.offset += 24 * HOUR
    expect(time()).toBe(0)
    machine.elapsed = HOUR
    expect(time()).toBe(25 * HOUR)
    machine.elapsed += 1
    expect(time()).toBe(25 * HOUR + 1)
  })
})

import { type Clock, systemClock } from 'tokenward/browser'

/** The machine's clock, which can be put forward. */
export interface TestClock extends Clock {
  /** Lets `milliseconds` go by at once; timers set before fire when they would have. */
  advance(milliseconds: number): void
}

/** A clock that shows the machine's time. */
export function testClock(): TestClock {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed() + ahead,
    at: (time, run) => systemClock.at(time - ahead, run),
    advance: (milliseconds) => {
      ahead += milliseconds
    },
  }
}

import type { Clock, EpochMs } from '../ports.ts'

/** A moment: what the monotonic clock and the wall clock show. */
export interface Moment {
  readonly elapsed: number
  readonly now: EpochMs
}

/** A moment before all others. */
export const NEVER: Moment = { elapsed: -Infinity, now: -Infinity }

/** The present moment. */
export function moment(clock: Clock): Moment {
  return { elapsed: clock.elapsed(), now: clock.now() }
}

/** How long a reading of the monotonic clock is used, in milliseconds. */
const GOOD_FOR = 50

/**
 * Makes a function that gives the present moment and mostly reads only the wall clock. In browsers, reading the monotonic clock takes as long as the
 * rest of a call. It is read again when {@link GOOD_FOR} has passed on one of the clocks, and when the wall clock was set back.
 * @param pause resolves after that many milliseconds of the monotonic clock, or earlier
 */
export function quickMoment(clock: Clock, pause: (time: number) => Promise<void>): () => Moment {
  let read = NEVER
  return () => {
    const now = clock.now()
    const since = now - read.now
    if (since >= 0 && since < GOOD_FOR) return { elapsed: read.elapsed + since, now }

    read = moment(clock)
    // Without this, a wall clock that is set back to the time of the reading would hide that time has passed.
    void pause(GOOD_FOR).then(() => (read = NEVER))
    return read
  }
}

/**
 * How long ago `began` was, in milliseconds. If the clocks differ, the longer time counts, because one of them may have stood still while the
 * machine slept. Infinity if the wall clock shows a time before `began`: it was set back, perhaps while the machine slept.
 */
export function ageOf(began: Moment, { elapsed, now }: Moment): number {
  const shown = now - began.now
  return shown < 0 ? Infinity : Math.max(elapsed - began.elapsed, shown)
}

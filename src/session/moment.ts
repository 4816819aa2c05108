import type { Clock, EpochMs } from '../ports.ts'

/** A moment on both clocks. */
export interface Moment {
  readonly elapsed: number
  readonly now: EpochMs
}

/** Before everything. */
export const NEVER: Moment = { elapsed: -Infinity, now: -Infinity }

/** This moment. */
export function moment(clock: Clock): Moment {
  return { elapsed: clock.elapsed(), now: clock.now() }
}

/** How long a reading of the monotonic clock is good for, ms. */
const GOOD_FOR = 50

/**
 * Tells the moment with one look at the wall clock: to read the monotonic one takes browsers as long as all else that a call needs. That is
 * read again once {@link GOOD_FOR} has passed on either clock, as after sleep, and when the wall clock was set back.
 * @param pause resolves after some milliseconds of the monotonic clock, or earlier
 */
export function quickMoment(clock: Clock, pause: (time: number) => Promise<void>): () => Moment {
  let read = NEVER
  return () => {
    const now = clock.now()
    const since = now - read.now
    if (since >= 0 && since < GOOD_FOR) return { elapsed: read.elapsed + since, now }
    read = moment(clock)
    // Otherwise a wall clock that is set back to where it was then would hide what has passed.
    void pause(GOOD_FOR).then(() => (read = NEVER))
    return read
  }
}

/**
 * How long ago `began` was, ms, on the larger of both clocks: a machine that slept shows it on one of them. Infinity where the wall clock was
 * set back to before `began`: it may have been while the machine slept, and the other clock stands still then.
 */
export function ageOf(began: Moment, { elapsed, now }: Moment): number {
  const shown = now - began.now
  return shown < 0 ? Infinity : Math.max(elapsed - began.elapsed, shown)
}

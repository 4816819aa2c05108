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

/** How long ago `began` was, ms, on the larger of both clocks: a machine that slept shows it on one of them. */
export function ageOf(began: Moment, clock: Clock): number {
  const { elapsed, now } = moment(clock)
  return Math.max(elapsed - began.elapsed, now - began.now)
}

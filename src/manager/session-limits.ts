import { invalidOption } from '../errors.ts'
import { type Limits, limits } from '../session/limits.ts'

/** How long a session lives here, whatever the server says. Milliseconds. */
export interface SessionLimitsOptions {
  /** Ends the session after this long without use in any context, ms. Default: none; at least 1 000. */
  readonly idleTimeout?: number
  /** Ends the session this long after sign-in, ms. Default: none; at least 1 000. */
  readonly maxAge?: number
}

/** What `sessionLimits()` makes: the option `limits`. */
export interface SessionLimits {
  /** What it was made with. */
  readonly options: SessionLimitsOptions
  /** For the manager. */
  readonly start: (session: never, end: never) => Limits
}

const NAMES = ['idleTimeout', 'maxAge']

/**
 * Ends sessions by themselves: `limits: sessionLimits({ idleTimeout, maxAge })`. Both are counted in the stored session, so for all tabs,
 * processes or hosts together: use in one of them keeps it alive in all. Each of them has to have the same limits.
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a limit that is no number or under a second: a session would outlive it
 */
export function sessionLimits(options: SessionLimitsOptions): SessionLimits {
  for (const [name, value] of Object.entries(options)) {
    if (!NAMES.includes(name)) throw invalidOption(`limits.${name}`, `left out: the options are ${NAMES.join(', ')}`)
    const isLimit = Number.isFinite(value) && value >= 1_000
    if (value !== undefined && !isLimit)
      throw invalidOption(`limits.${name}`, `at least 1000 ms, and is ${shown(value)}`)
  }
  return { options, start: limits }
}

function shown(value: unknown): string {
  return typeof value === 'number' ? `${value}` : typeof value
}

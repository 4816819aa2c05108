import { invalidOption } from '../errors.ts'
import { type Limits, limits } from '../session/limits.ts'

/** How long a session may live here, whatever the server says. Milliseconds. */
export interface SessionLimitsOptions {
  /** Ends the session when no tab or process has used it for this time, ms. Default: none; at least 1 000. */
  readonly idleTimeout?: number
  /** Ends the session this long after the sign-in, ms. Default: none; at least 1 000. */
  readonly maxAge?: number
}

/** What `sessionLimits()` returns, for the option `limits`. */
export interface SessionLimits {
  /** The options of `sessionLimits()`. */
  readonly options: SessionLimitsOptions
  /** Called by the manager. */
  readonly start: (session: never, end: never) => Limits
}

const NAMES = ['idleTimeout', 'maxAge']

/**
 * Ends sessions after a time: `limits: sessionLimits({ idleTimeout, maxAge })`. The limits count for all tabs, processes or hosts together:
 * use in one of them keeps the session alive in all. All of them need the same limits.
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

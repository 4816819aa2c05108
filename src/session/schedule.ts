import type { Crypto } from '../ports.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'

/** When tokens are refreshed. */
export interface ScheduleOptions {
  /** How long before its expiry a token is refreshed, ms; never more than 20 % of its lifetime. */
  readonly leeway: number
  /** How much the time of the refresh varies between contexts, as a share of the leeway, 0 to 1. */
  readonly jitter: number
  /** How long after the last refresh to refresh even if nothing expires, ms. */
  readonly interval?: number | undefined
}

/** How far in the future a stored time may be, in milliseconds. Clocks of hosts differ, and a clock may be set back a little. */
export const CLOCK_STEP = 10_000

const BASE = 2_000
const CEILING = 5 * 60_000
/** The longest back-off that a server's Retry-After or a record can ask for, in milliseconds. */
export const LONGEST_BACK_OFF = 3_600_000

/** How long before its expiry a token should be refreshed, in milliseconds: `leeway`, but at most 20 % of its lifetime. */
export function leewayOf(token: StoredAccessToken, leeway: number): number {
  return token.expiresAt === undefined ? 0 : Math.max(0, Math.min(leeway, (token.expiresAt - token.obtainedAt) / 5))
}

/**
 * The wait after the `attempts`-th failure in a row: doubling from 2 s to 5 min, ±20 %, and never shorter than the server's
 * Retry-After (RFC 9110 §10.2.3), which counts up to one hour.
 */
export function backOff(attempts: number, random: number, retryAfter = 0): number {
  const delay = Math.min(CEILING, BASE * 2 ** (attempts - 1)) * (0.8 + 0.4 * random)
  return Math.round(Math.max(delay, Math.min(retryAfter, LONGEST_BACK_OFF)))
}

/** A random number from 0 to 1, without 1. */
export function fraction(crypto: Crypto): number {
  const [a = 0, b = 0] = crypto.randomBytes(2)
  return (a * 256 + b) / 65_536
}

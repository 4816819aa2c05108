import type { TokenManagerError } from '../errors.ts'
import type { Clock, Crypto } from '../ports.ts'
import { backOff, fraction } from '../session/schedule.ts'

/** Keeps everybody from asking again too soon. */
export interface BackOff {
  /** The error to answer with in place of a request, while it lasts. */
  readonly error: TokenManagerError | undefined
  /**
   * A request failed that began at `began` of the monotonic clock. Of those that were under way together, one counts.
   * @returns the error, with `retryAt`
   */
  failed(error: TokenManagerError, began: number, retryAfter?: number): TokenManagerError
  /** A request succeeded. */
  succeeded(): void
}

/** Doubling from 2 s to 5 min (RFC 9110 §10.2.3 may ask for more), for as long as nothing succeeds. */
export function createBackOff({ clock, crypto }: { readonly clock: Clock; readonly crypto: Crypto }): BackOff {
  let failures = 0
  let since = -Infinity
  let until = -Infinity
  let last: TokenManagerError | undefined
  return {
    get error() {
      return clock.elapsed() < until ? last : undefined
    },
    failed(error, began, retryAfter) {
      const now = clock.elapsed()
      if (began >= since) {
        failures++
        since = now
        until = now + backOff(failures, fraction(crypto), retryAfter)
      }
      last = Object.assign(error, { retryAt: Math.ceil(clock.now() + Math.max(0, until - now)) })
      return last
    },
    succeeded() {
      failures = 0
      until = -Infinity
      last = undefined
    },
  }
}

import type { TokenManagerError } from '../errors.ts'
import type { Clock, Crypto } from '../ports.ts'
import { backOff, fraction } from '../session/schedule.ts'

/** Keeps requests from being sent again too soon after a failure. */
export interface BackOff {
  /** The error that calls get while no request may be sent. `undefined` if one may be sent. */
  readonly error: TokenManagerError | undefined
  /**
   * Notes that a request failed. Of several requests that ran at the same time, only one failure counts.
   * @param began when the request began, on the monotonic clock
   * @returns the error, with `retryAt`
   */
  failed(error: TokenManagerError, began: number, retryAfter?: number): TokenManagerError
  /** Notes that a request succeeded. */
  succeeded(): void
}

/** Makes a back-off. The pause doubles from 2 s to 5 min until a request succeeds. A server may ask for more (RFC 9110 §10.2.3). */
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

/** Stops requests to a server that has a problem, so that nobody waits in vain (a circuit breaker). */
export interface Outage {
  /** Whether a request may be sent now. If it is true, `answered()` or `failed()` has to be called afterwards. */
  admits(): boolean
  /** Notes that the server has answered. */
  answered(): void
  /** Notes that the server gave no answer, or said that it has a problem. */
  failed(): void
}

/** After how many failures in a row no request is sent for a while. */
const FAILURES = 5
/** How long no request is sent, in milliseconds. */
const PAUSE = 5_000

/**
 * After five failures in a row no request is sent for five seconds. Then one is sent. If it succeeds, all others may be sent again.
 * @param now epoch milliseconds
 */
export function createOutage(now: () => number): Outage {
  let failures = 0
  let pausedAt: number | undefined

  return {
    admits() {
      if (pausedAt === undefined) return true

      const paused = now() - pausedAt
      // If the clock was set back, the pause ends at once. Otherwise it could last for hours.
      const isOver = paused >= PAUSE || paused < 0
      // Only one request is let through. A new pause begins, so that there is another one if this one never ends.
      if (isOver) pausedAt = now()
      return isOver
    },
    answered() {
      failures = 0
      pausedAt = undefined
    },
    failed() {
      failures++
      if (failures >= FAILURES) pausedAt = now()
    },
  }
}

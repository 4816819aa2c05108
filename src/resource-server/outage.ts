/** Spares a server that is in trouble, and those who would wait for it. */
export interface Outage {
  /** Whether somebody may ask now. Whoever may has to say how it went. */
  admits(): boolean
  /** The server answered, whatever it said. */
  answered(): void
  /** The server gave no answer, or said that it is in trouble. */
  failed(): void
}

/** Failures in a row after which nobody asks for a while. */
const FAILURES = 5
/** For how long, ms. */
const PAUSE = 5_000

/**
 * After five failures in a row nobody asks for five seconds; then one does, and what comes of it decides for all.
 * @param now epoch milliseconds
 */
export function createOutage(now: () => number): Outage {
  let failures = 0
  let pausedAt: number | undefined

  return {
    admits() {
      if (pausedAt === undefined) return true
      const paused = now() - pausedAt
      // A clock that was set back lengthens no pause.
      const isOver = paused >= PAUSE || paused < 0
      // Nobody asks beside the one who is let through. If that one never says how it went, the next pause ends as well.
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

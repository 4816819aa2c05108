import type { Clock } from 'tokenward/browser'

/** The machine's clock, which can be put forward: that is how the demo lets a token expire at once. */
export interface DemoClock extends Clock {
  /** How far it is ahead of the machine's clock, in milliseconds. Setting it fires what has become due. */
  ahead: number
}

/** A clock that is `ahead` milliseconds ahead. */
export function createDemoClock(ahead: number): DemoClock {
  const waiting = new Set<() => void>()
  const elapsed = () => performance.now() + ahead
  return {
    now: () => Date.now() + ahead,
    elapsed,
    at(time, run) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const arm = () => {
        clearTimeout(timer)
        timer = setTimeout(due, Math.min(Math.max(time - elapsed(), 0), 2 ** 31 - 1))
      }
      const due = () => {
        if (elapsed() < time) return arm()
        waiting.delete(arm)
        run()
      }
      waiting.add(arm)
      arm()
      return () => {
        waiting.delete(arm)
        clearTimeout(timer)
      }
    },
    get ahead() {
      return ahead
    },
    set ahead(milliseconds) {
      ahead = milliseconds
      for (const arm of waiting) arm()
    },
  }
}

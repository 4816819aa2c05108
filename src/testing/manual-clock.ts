import type { Clock, EpochMs } from '../ports.ts'

/** A {@link Clock} for tests. Its time changes only when the test calls `advance()` or `jump()`. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass, on the wall clock and on the monotonic clock. It runs the timers that become due, the earliest first,
   * and after each of them it waits until the promises that follow have settled.
   * @param ms milliseconds. With 0 no time passes: it runs timers that are already due, and waits for promises
   */
  advance(ms: number): Promise<void>
  /**
   * Changes only the wall clock, as a person or a time service does. No timer runs.
   * @param ms milliseconds; a negative number sets the clock back
   */
  jump(ms: number): void
  /** How many timers are set and have not run yet. */
  readonly pending: number
}

// Taken when this file is loaded. A test runner may replace these functions later by ones whose time does not pass.
const { setImmediate, setTimeout } = globalThis as unknown as Record<
  'setImmediate' | 'setTimeout',
  typeof queueMicrotask
>
const inTheNextTurn = setImmediate ?? setTimeout

/**
 * Makes a {@link ManualClock}. Give it to a manager as option `clock`.
 * @param start what the wall clock says at the start, in epoch milliseconds. Default: 2026-01-01T00:00Z
 */
export function manualClock(start: EpochMs = Date.UTC(2026, 0, 1)): ManualClock {
  const timers = new Set<{ time: number; run: () => void }>()
  let elapsed = 0
  let wall = start

  const moveTo = (time: number) => {
    wall += time - elapsed
    elapsed = time
  }

  const nextUntil = (end: number) => {
    const due = [...timers].filter(({ time }) => !(time > end))
    return due.sort((a, b) => a.time - b.time)[0]
  }

  return {
    now: () => wall,
    elapsed: () => elapsed,
    at(time, run) {
      const timer = { time, run }
      timers.add(timer)

      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const end = elapsed + ms
      await settle()

      for (let next = nextUntil(end); next; next = nextUntil(end)) {
        timers.delete(next)
        moveTo(Math.max(elapsed, next.time))
        next.run()
        await settle()
      }

      moveTo(end)
      await settle()
    },
    jump(ms) {
      wall += ms
    },
    get pending() {
      return timers.size
    },
  }
}

// Microtasks are not enough: promises of Web Cryptography and IndexedDB settle in later turns of the event loop.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => inTheNextTurn(resolve))
}

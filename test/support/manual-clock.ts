import type { Clock } from '../../src/ports.ts'

/** A {@link Clock} that stands until it is moved. */
export interface ManualClock extends Clock {
  /** Lets `ms` go by on both clocks, running what falls due in order, and all promises that follow from it. */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone, as a person or a time service does. May be negative. */
  jump(ms: number): void
  /** How many timers wait. */
  readonly pending: number
}

/** @param start wall clock at the start, epoch milliseconds; default a day in 2026 */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  const timers = new Set<{ time: number; run: () => void }>()
  let elapsed = 0
  let wall = start
  const moveTo = (time: number) => {
    wall += time - elapsed
    elapsed = time
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
      await flush()
      for (;;) {
        const [next] = [...timers].filter(({ time }) => !(time > end)).sort((a, b) => a.time - b.time)
        if (!next) break
        timers.delete(next)
        moveTo(Math.max(elapsed, next.time))
        next.run()
        await flush()
      }
      moveTo(end)
      await flush()
    },
    jump(ms) {
      wall += ms
    },
    get pending() {
      return timers.size
    },
  }
}

// Web Cryptography and IndexedDB settle in later turns of the event loop, not in microtasks.
async function flush(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

import type { Clock, EpochMs } from '../ports.ts'

/** A {@link Clock} that stands until it is moved. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` go by on both clocks: runs what falls due, in order, and lets the promises that follow from it settle.
   * @param ms 0 only lets promises settle
   */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone by `ms`, as a person or a time service does. May be negative. */
  jump(ms: number): void
  /** How many timers wait. */
  readonly pending: number
}

// The platform's own, taken at once: those by which a test replaces them stand still.
const { setImmediate, setTimeout } = globalThis as unknown as Record<
  'setImmediate' | 'setTimeout',
  typeof queueMicrotask
>
const inTheNextTurn = setImmediate ?? setTimeout

/**
 * A clock for tests: give it to a manager as option `clock`.
 * @param start wall clock at the start, epoch milliseconds; default a day in 2026
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

// Web Cryptography and IndexedDB settle in later turns of the event loop, not in microtasks.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => inTheNextTurn(resolve))
}

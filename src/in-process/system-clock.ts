import type { Clock } from '../ports.ts'

// A longer delay overflows a signed 32-bit integer, and the timer fires at once (HTML, timer initialization steps).
const longestLap = 2 ** 31 - 1

/** Node hands out objects, browsers and React Native plain numbers. */
type Timer = { unref?(): void }

/** The machine's clock: `Date.now`, `performance.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  at(time, run) {
    let timer: ReturnType<typeof setTimeout>
    const lap = () => {
      const left = Math.max(Math.ceil(time - performance.now()), 0)
      timer = setTimeout(() => (performance.now() < time ? lap() : run()), Math.min(left, longestLap))
      // Node would keep the process alive for it.
      ;(timer as Timer).unref?.()
    }
    lap()
    return () => clearTimeout(timer)
  },
}

import type { Clock } from '../ports.ts'

// With a longer delay, a signed 32-bit integer overflows and the timer runs at once (HTML, timer initialization steps).
const longestLap = 2 ** 31 - 1

/** A timer is an object in Node, and a number in browsers and React Native. */
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
      // A timer must not keep a Node process alive.
      ;(timer as Timer).unref?.()
    }

    lap()
    return () => clearTimeout(timer)
  },
}

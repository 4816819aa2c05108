import type { Clock } from '../ports.ts'

// A longer delay overflows a signed 32-bit integer, and the timer fires at once (HTML, timer initialization steps).
const longestLap = 2 ** 31 - 1

/** Node hands out objects, browsers and React Native plain numbers. */
type Timer = number | { unref?(): void }

/** The machine's clock: `Date.now`, `performance.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  at(time, run) {
    let timer: ReturnType<typeof setTimeout>
    const lap = () => {
      timer = setTimeout(
        () => (performance.now() < time ? lap() : run()),
        Math.min(Math.max(Math.ceil(time - performance.now()), 0), longestLap),
      )
      letProcessEnd(timer)
    }
    lap()
    return () => clearTimeout(timer)
  },
}

/** Node would keep the process alive for a timer. */
function letProcessEnd(timer: Timer): void {
  if (typeof timer === 'object') timer.unref?.()
}

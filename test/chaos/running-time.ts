/** A page or a process that was not run for longer than this, ms, was not running. */
const LONGEST_TURN = 1_500

/** Counts the milliseconds that this page or process has been running. Times at which it stood still do not count. */
export function runningTime(): () => number {
  let ran = 0
  let turn = performance.now()
  const count = () => {
    ran += Math.min(performance.now() - turn, LONGEST_TURN)
    turn = performance.now()
    return ran
  }
  setInterval(count, 100)
  return count
}

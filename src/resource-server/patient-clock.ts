/** How far the wall clock may get ahead without being doubted, in milliseconds. */
const STEP = 5_000
/** How long a jump ahead has to last until it is believed, in milliseconds. */
const PATIENCE = 3_600_000

/**
 * A wall clock for what is removed for good. If the machine's clock jumps ahead, this one goes on from where it was, and follows only once the jump
 * has lasted for an hour. So nothing is lost while the machine's clock is wrong for a moment, as after a virtual machine has resumed.
 * @param now the machine's wall clock, epoch milliseconds
 * @param elapsed a clock that is never set, milliseconds
 */
export function patientClock(now: () => number, elapsed: () => number = () => performance.now()): () => number {
  let offset = now() - elapsed()
  let aheadSince = Number.POSITIVE_INFINITY

  return () => {
    const at = elapsed()
    const shown = now() - at
    const isAhead = shown > offset + STEP
    aheadSince = isAhead ? Math.min(aheadSince, at) : Number.POSITIVE_INFINITY

    const isBelieved = !isAhead || at - aheadSince >= PATIENCE
    if (isBelieved) offset = shown
    return offset + at
  }
}

import type { ServerAnswer } from './authorization-server.ts'
import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'
import { errorText } from './words.ts'

/** Law 11: a program that lives for one call is not in vain because of what is over. */
export interface Programs {
  answered(answer: ServerAnswer | 'lost'): void
  /** `tab` makes the one call that it lives for. */
  ran(tab: Tab, work: Promise<unknown>): void
}

/** A wall clock that is behind by more than this was set back, ms. */
const CLOCK_STEP = 10_000

export function programs(known: Evidence): Programs {
  const { history, broken } = known
  const { time, plan } = history
  /** When something last went wrong, true time. */
  let troubledAt = -Infinity
  let inVain = 0

  return {
    answered(answer) {
      if (answer !== 'lost' && answer.status < 300) return
      troubledAt = time.now
      inVain = 0
    },
    ran(tab, work) {
      const began = time.now
      const isFree = !isBackingOff(tab)
      work.catch((error) => {
        const { record } = known
        const isOver = !record || record.signedOut || record.refreshToken === undefined
        if (isOver || tab.gone || troubledAt >= began || history.serverFault()) return
        inVain++
        // A wall clock that was set back by about a step may have caught up with the back-off since.
        if (isFree && !isBackingOff(tab))
          broken(11, `${tab.name} is in vain (${errorText(error)}), though nothing is wrong`)
        else if (plan.programs === 'rare' && inVain > 1) broken(11, `${inVain} programs are in vain for nothing`)
      })
    },
  }

  /** By what is stored and the wall clock, as a program that has just begun sees it. */
  function isBackingOff(tab: Tab): boolean {
    const { failure } = known.record ?? {}
    if (failure?.at === undefined) return false
    const passed = tab.ports.clock.now() - failure.at
    return passed >= -CLOCK_STEP && passed < failure.delay
  }
}

import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'

/** Law 8: tabs do not set their alarms to the same moment. */
export interface Alarms {
  set(tab: Tab, due: number): void
}

/** What is shorter than this is no alarm for a token. */
const SHORT = 15_500
const TOO_OFTEN = 4

export function alarms(known: Evidence): Alarms {
  const { history, broken } = known
  const { plan, time } = history
  const { interval, idleTimeout, maxAge } = plan.options
  const last = new Map<string, number>()
  let together = 0
  // Limits and intervals end at one moment for all.
  const isJittered =
    !plan.moves.some((move) => move.do === 'server fails') &&
    !interval &&
    !idleTimeout &&
    !maxAge &&
    plan.noise.timersLate === 0
  return {
    set(tab, due) {
      const { record } = known
      const fails = record?.failure !== undefined || record?.refreshToken === undefined
      if (!isJittered || due - time.now < SHORT || history.calm || fails) return
      for (const [other, at] of last) {
        if (other === tab.name || Math.abs(at - due) > 1e-4) continue
        if (++together === TOO_OFTEN) broken(8, 'the tabs set their alarms to the same moments, again and again')
      }
      last.set(tab.name, due)
    },
  }
}

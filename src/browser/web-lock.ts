import { noLock } from '../in-process/no-lock.ts'
import type { Degradation, Lock } from '../ports.ts'

/**
 * Web Locks: exclusive among all tabs and workers of the origin, given back by the browser when the holder goes. Where they are
 * missing or denied there is none, which `report` hears: tabs then wait for one another by watching the record.
 * Names are readable by every script of the origin, and must not begin with `-`.
 */
export function webLock(report: (lacking: Degradation) => void): Lock {
  let isThere = true
  const fallBack = () => {
    isThere = false
    report('lock_unavailable')
  }
  if (!navigator.locks) fallBack()
  return {
    get spans() {
      return isThere ? 'store' : noLock.spans
    },
    async request(name, options, run) {
      let begun = false
      const begin = () => {
        begun = true
        return run()
      }
      try {
        // Neither `steal` nor `ifAvailable`: the old holder of a stolen lock runs on, and neither may be joined with `signal`.
        if (isThere) return await navigator.locks.request(name, { signal: options.signal }, begin)
      } catch (error) {
        // What `run` threw is the caller's. Opaque origins and blocked cookies are told only when asking for the lock.
        if (begun || (error as Error | null)?.name !== 'SecurityError') throw error
        if (isThere) fallBack()
      }
      return noLock.request(name, options, run)
    },
  }
}

import { noLock } from '../in-process/no-lock.ts'
import type { Degradation, Lock } from '../ports.ts'

/**
 * A lock for all tabs and workers of the origin, made of Web Locks. The browser releases it when its holder is closed. If Web Locks are missing or
 * denied, there is no lock, and `report` is called; tabs then wait for each other by reading the record. Every script of the origin can read the
 * names, which must not begin with `-`.
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
        // Without `steal`, because the old holder of a stolen lock goes on. `steal` and `ifAvailable` also exclude `signal`.
        if (isThere) return await navigator.locks.request(name, { signal: options.signal }, begin)
      } catch (error) {
        // An error of `run` is passed on. In opaque origins and with blocked cookies, only this request shows that locks are denied.
        if (begun || (error as Error | null)?.name !== 'SecurityError') throw error
        if (isThere) fallBack()
      }
      return noLock.request(name, options, run)
    },
  }
}

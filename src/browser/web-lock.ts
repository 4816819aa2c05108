import { queueLock } from '../in-process/queue-lock.ts'
import type { Degradation, Lock } from '../ports.ts'

/**
 * Web Locks: exclusive among all tabs and workers of the origin, given back by the browser when the holder goes. Where they are
 * missing or denied it is a queue within this page, which `report` hears.
 * Names are readable by every script of the origin, and must not begin with `-`.
 */
export function webLock(report: (lacking: Degradation) => void): Lock {
  const fallBack = (): Lock => {
    report('lock_unavailable')
    return queueLock()
  }
  let queue = navigator.locks ? undefined : fallBack()
  return {
    get spans() {
      return queue?.spans ?? 'store'
    },
    async request(name, options, run) {
      let begun = false
      const begin = () => {
        begun = true
        return run()
      }
      try {
        // Neither `steal` nor `ifAvailable`: the old holder of a stolen lock runs on, and neither may be joined with `signal`.
        if (!queue) return await navigator.locks.request(name, { signal: options.signal }, begin)
      } catch (error) {
        // What `run` threw is the caller's. Opaque origins and blocked cookies are told only when asking for the lock.
        if (begun || (error as Error | null)?.name !== 'SecurityError') throw error
        queue ??= fallBack()
      }
      return queue.request(name, options, run)
    },
  }
}

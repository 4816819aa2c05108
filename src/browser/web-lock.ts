import { queueLock } from '../in-process/queue-lock.ts'
import type { Degradation, Lock } from '../ports.ts'

/**
 * Web Locks: exclusive among all tabs and workers of the origin, given back by the browser when the holder goes. Where they are
 * missing or denied it is a queue within this page, which `report` hears at the first use.
 * Names are readable by every script of the origin, and must not begin with `-`.
 */
export function webLock(report: (lacking: Degradation) => void): Lock {
  let queue: Lock | undefined
  const fallBack = (): Lock => {
    if (!queue) report('lock_unavailable')
    queue ??= queueLock()
    return queue
  }
  return {
    get spans() {
      return queue || !navigator.locks ? fallBack().spans : 'store'
    },
    async request(name, { signal }, run) {
      if (queue || !navigator.locks) return fallBack().request(name, { signal }, run)
      let begun = false
      try {
        // Neither `steal` nor `ifAvailable`: the old holder of a stolen lock runs on, and neither may be joined with `signal`.
        return await navigator.locks.request(name, { signal }, () => {
          begun = true
          return run()
        })
      } catch (error) {
        // What `run` threw is the caller's. Opaque origins and blocked cookies are told only when asking for the lock.
        if (begun || (error as Error | null)?.name !== 'SecurityError') throw error
        return fallBack().request(name, { signal }, run)
      }
    },
  }
}

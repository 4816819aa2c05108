import { queueLock } from '../in-process/queue-lock.ts'
import type { Degradation, Lock } from '../ports.ts'
import { webLock } from './web-lock.ts'

/** Web Locks, or a queue within this page where they are missing or denied; `report` hears that once, at the first use. */
export function availableLock(report: (lacking: Degradation) => void): Lock {
  let lock: Lock | undefined
  const queue = (): Lock => {
    report('lock_unavailable')
    lock = queueLock()
    return lock
  }
  const use = () => {
    if (!lock && !navigator.locks) return queue()
    lock ??= webLock()
    return lock
  }
  return {
    get spans() {
      return use().spans
    },
    async request(name, options, run) {
      const used = use()
      let begun = false
      try {
        return await used.request(name, options, () => {
          begun = true
          return run()
        })
      } catch (error) {
        // What `run` threw is the caller's. Opaque origins and blocked cookies are told only when asking for the lock.
        if (begun || (error as Error | null)?.name !== 'SecurityError') throw error
        return (lock === used ? queue() : use()).request(name, options, run)
      }
    },
  }
}

import type { Lock } from '../ports.ts'

/** A lock that knows which names are locked or waited for. */
export interface CountingLock extends Lock {
  isHeld(name: string): boolean
}

/** Counts who holds `lock` or waits for it, by name. A refresh holds it until its tokens are stored. */
export function countingLock(lock: Lock): CountingLock {
  const counts = new Map<string, number>()

  return {
    spans: lock.spans,
    async request(name, options, run) {
      count(name, 1)
      try {
        return await lock.request(name, options, run)
      } finally {
        count(name, -1)
      }
    },
    isHeld: (name) => counts.has(name),
  }

  function count(name: string, by: number) {
    const next = (counts.get(name) ?? 0) + by
    if (next > 0) counts.set(name, next)
    else counts.delete(name)
  }
}

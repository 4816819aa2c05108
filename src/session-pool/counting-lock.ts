import type { Lock } from '../ports.ts'

/** A lock that knows under which names anything is done or waits. */
export interface CountingLock extends Lock {
  isHeld(name: string): boolean
}

/** `lock`, and what is done under it. Every refresh holds it until its tokens are stored. */
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

/** Remembers what was seen, for a while. Several processes that serve one API share one. */
export interface ReplayStore {
  /**
   * Remembers `key` until `until` (epoch milliseconds) and says whether it was new, in one atomic step. Rejects when it cannot know:
   * the request is then refused with 503.
   */
  add(key: string, until: number): Promise<boolean>
  /** Whether `key` is remembered. */
  has(key: string): Promise<boolean>
}

/** Entries looked at for each one added, so that expired ones go without a timer. */
const SWEEP = 4

/**
 * Remembers in this process.
 * @param options `limit`: entries at most, default 1 000 000; beyond it `add` rejects. `now`: wall clock, default `Date.now`
 */
export function memoryReplayStore({ limit = 1_000_000, now = Date.now } = {}): ReplayStore {
  const seen = new Map<string, number>()
  let sweeping = seen.entries()
  return {
    async add(key, until) {
      for (let step = 0; step < SWEEP; step++) {
        const { done, value } = sweeping.next()
        if (done) sweeping = seen.entries()
        else if (value[1] <= now()) seen.delete(value[0])
      }
      const known = seen.get(key)
      if (known !== undefined && known > now()) return false
      if (seen.size >= limit) throw new Error('The replay store is full')
      seen.set(key, until)
      return true
    },
    has: async (key) => (seen.get(key) ?? 0) > now(),
  }
}

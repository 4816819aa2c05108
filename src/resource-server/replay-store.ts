/** Remembers what was seen, for a while. Several processes that serve one API share one. */
export interface ReplayStore {
  /**
   * Remembers `key` until `until` (epoch milliseconds, that one included) and says whether it was new, in one atomic step. Rejects when
   * it cannot know: the request is then refused with 503.
   * @param owner whose it is: the thumbprint of the key that made the proof. A store that is bounded gives each owner a share, so that
   * whoever floods it shuts out nobody else. Absent for logout tokens, which only the issuer makes
   */
  add(key: string, until: number, owner?: string): Promise<boolean>
  /** Whether `key` is remembered. */
  has(key: string, owner?: string): Promise<boolean>
}

/** Entries looked at for each one added, so that expired ones go without a timer. */
const SWEEP = 4

/** What one owner has in it. */
interface Share {
  readonly owner: string | undefined
  entries: number
}

interface Seen {
  readonly until: number
  readonly share: Share
}

/**
 * Remembers in this process. An owner may take as much room as is still free: one that floods the store gets half of it, and then finds
 * it full while all others find room.
 * @param options `limit`: entries at most, default 1 000 000; beyond it, or beyond its owner's share, `add` rejects. `now`: wall clock,
 * default `Date.now`
 */
export function memoryReplayStore({ limit = 1_000_000, now = Date.now } = {}): ReplayStore {
  const seen = new Map<string, Seen>()
  const shares = new Map<string, Share>()
  let sweeping = seen.entries()

  return {
    async add(key, until, owner) {
      sweep()
      if (isSeen(key)) return false
      forget(key)
      const share = shareOf(owner)
      const taken = owner === undefined ? 0 : share.entries
      if (taken >= limit - seen.size) throw new Error('The replay store is full')
      seen.set(key, { until, share })
      share.entries++
      if (owner !== undefined) shares.set(owner, share)
      return true
    },
    has: async (key) => isSeen(key),
  }

  function isSeen(key: string): boolean {
    const known = seen.get(key)
    return known !== undefined && known.until >= now()
  }

  function shareOf(owner: string | undefined): Share {
    const known = owner === undefined ? undefined : shares.get(owner)
    return known ?? { owner, entries: 0 }
  }

  function sweep(): void {
    for (let step = 0; step < SWEEP; step++) {
      const { done, value } = sweeping.next()
      if (done) sweeping = seen.entries()
      else if (value[1].until < now()) forget(value[0])
    }
  }

  function forget(key: string): void {
    const known = seen.get(key)
    if (!known) return
    seen.delete(key)
    const { share } = known
    share.entries--
    if (share.owner !== undefined && share.entries === 0) shares.delete(share.owner)
  }
}

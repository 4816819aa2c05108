/** Remembers for a while what was used. Processes that serve the same API share one. */
export interface ReplayStore {
  /**
   * Remembers `key` and says whether it was new, in one atomic step. If it rejects, the request is refused with 503.
   * @param until how long `key` is remembered, in epoch milliseconds
   * @param owner the thumbprint of the key that made the proof. A store with limited room gives each owner a share, so that an owner who fills
   *   it does not keep others from using it. Absent for logout tokens, which only the issuer can make
   */
  add(key: string, until: number, owner?: string): Promise<boolean>
  /** Whether `key` is remembered. */
  has(key: string, owner?: string): Promise<boolean>
}

/** How many entries are checked, and removed if they have expired, for each entry that is added. So no timer is needed. */
const SWEEP = 4

/** How many entries one owner has. */
interface Share {
  readonly owner: string | undefined
  entries: number
}

interface Seen {
  readonly until: number
  readonly share: Share
}

/**
 * Makes a replay store in the memory of this process. An owner may have at most as many entries as there is free room. So a single owner can fill
 * only half of the store, and others still find room.
 * @param options `limit`: the highest number of entries, default 1 000 000. If the store is full, or an owner has its share, `add` rejects.
 *   `now`: the wall clock, default `Date.now`
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

/** A map with a highest number of values, each of which is kept until a given time. */
export interface BoundedCache<V> {
  /** The value of `key`. `undefined` if there is none, if its time is over, or if the clock was set back since it was set. */
  get(key: string): V | undefined
  /** @param until how long the value is kept, in epoch milliseconds */
  set(key: string, value: V, until: number): void
  delete(key: string): void
}

/** Makes a cache that keeps at most `limit` values. If there are more, those go first that were not used for the longest time. */
export function boundedCache<V>(limit: number, now: () => number): BoundedCache<V> {
  const entries = new Map<string, { readonly value: V; readonly since: number; readonly until: number }>()

  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined

      entries.delete(key)
      const at = now()
      // If the clock was set back since, nobody knows how long the value has been here.
      const isOver = entry.until <= at || at < entry.since
      if (isOver) return undefined

      // Deleted and set again, so that it is the last of the map: the values that were used last are at the end.
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, until) {
      entries.delete(key)
      const since = now()
      if (until <= since || limit < 1) return

      entries.set(key, { value, since, until })
      if (entries.size <= limit) return

      const { value: oldest } = entries.keys().next()
      if (oldest !== undefined) entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key),
  }
}

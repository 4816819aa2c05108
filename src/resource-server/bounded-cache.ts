/** Values by key, at most so many, each until its time. */
export interface BoundedCache<V> {
  /** The value of `key`, unless its time is over. */
  get(key: string): V | undefined
  /** @param until epoch milliseconds */
  set(key: string, value: V, until: number): void
  delete(key: string): void
}

/** Keeps the `limit` values that were used last. */
export function boundedCache<V>(limit: number, now: () => number): BoundedCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.until <= now()) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, until) {
      entries.delete(key)
      if (until <= now() || limit < 1) return
      entries.set(key, { value, until })
      if (entries.size <= limit) return
      const { value: oldest } = entries.keys().next()
      if (oldest !== undefined) entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key),
  }
}

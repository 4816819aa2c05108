/** What the tabs share. Values are kept as they are: records are immutable. */
export interface Storage {
  get(key: string): { readonly value: unknown; readonly tag: string } | undefined
  /** `undefined` deletes. */
  set(key: string, value: unknown): void
  clear(): void
  /** Tells of every change of `key`, in the turn it is made. Returns its own undo. */
  watch(key: string, changed: () => void): () => void
}

export function createStorage(): Storage {
  const rows = new Map<string, { readonly value: unknown; readonly tag: string }>()
  const watchers = new Set<{ readonly key: string; readonly changed: () => void }>()
  let writes = 0
  return {
    get: (key) => rows.get(key),
    set(key, value) {
      writes++
      if (value === undefined) rows.delete(key)
      else rows.set(key, { value: freeze(value), tag: `${writes}` })
      tell(key)
    },
    clear() {
      const keys = [...rows.keys()]
      rows.clear()
      for (const key of keys) tell(key)
    },
    watch(key, changed) {
      const one = { key, changed }
      watchers.add(one)
      return () => void watchers.delete(one)
    },
  }

  function tell(key: string) {
    for (const watcher of watchers) if (watcher.key === key) watcher.changed()
  }
}

/** Nobody may change what is stored without `swap`; where somebody tries, it shows. */
function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/** What the tabs share. Values are kept as they are: records are immutable. */
export interface Storage {
  get(key: string): { readonly value: unknown; readonly tag: string } | undefined
  /** `undefined` deletes. */
  set(key: string, value: unknown): void
  clear(): void
}

export function createStorage(): Storage {
  const rows = new Map<string, { readonly value: unknown; readonly tag: string }>()
  let writes = 0
  return {
    get: (key) => rows.get(key),
    set(key, value) {
      writes++
      if (value === undefined) rows.delete(key)
      else rows.set(key, { value: freeze(value), tag: `${writes}` })
    },
    clear: () => rows.clear(),
  }
}

/** Nobody may change what is stored without `swap`; where somebody tries, it shows. */
function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

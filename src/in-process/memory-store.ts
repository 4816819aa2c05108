import type { Store, Stored } from '../ports.ts'

/**
 * A store that ends with the process. Contexts that share the object share the storage.
 * Plain objects, arrays and byte arrays are copied in and out; anything else (a `CryptoKey`) is kept by reference.
 */
export function memoryStore<V>(): Store<V> {
  return memoryRows<V>(copy)
}

/**
 * The same, for platforms that can copy a value themselves.
 * @param copy makes one that shares nothing with the value it is given
 */
export function memoryRows<V>(copy: (value: V) => V): Store<V> {
  const rows = new Map<string, Stored<V>>()
  let writes = 0
  return {
    async get(key) {
      const row = rows.get(key)
      return row && { ...row, value: copy(row.value) }
    },
    async swap(key, tag, value) {
      if (rows.get(key)?.tag !== tag) return false
      if (value === undefined) rows.delete(key)
      else rows.set(key, { value: copy(value), tag: `${++writes}` })
      return true
    },
  }
}

function copy<V>(value: V): V
function copy(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice()
  if (Array.isArray(value)) return value.map((item) => copy(item))
  if (!value || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copy(item)]))
}

import type { Store, Stored } from '../ports.ts'

/**
 * Makes a store in the memory of this process. Managers that are given the same object share its content. Plain objects, arrays and byte arrays are
 * copied when they are written and read. Anything else, such as a `CryptoKey`, is kept as it is.
 */
export function memoryStore<V>(): Store<V> {
  return memoryRows<V>(copy)
}

/**
 * The same, for platforms that have a function to copy values.
 * @param copy makes a copy that shares nothing with the value
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

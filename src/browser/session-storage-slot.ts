import type { Store } from '../ports.ts'

const item = 'tokenward-slot'

/**
 * A part of `store` for this tab only. Each key begins with a random text that is kept in `sessionStorage`. So the values survive a reload, and
 * cannot be found any more after the tab was closed. A duplicated tab has the same text, which is safe, because all writes are compare-and-set. If
 * `sessionStorage` is denied, both methods reject with the browser's `SecurityError`.
 */
export function sessionStorageSlot(store: Store<unknown>): Store<unknown> {
  const keyOf = (key: string): string => {
    const slot = sessionStorage.getItem(item) ?? crypto.getRandomValues(new Uint32Array(4)).join('-')
    sessionStorage.setItem(item, slot)
    return `${slot}/${key}`
  }

  return {
    get: async (key) => store.get(keyOf(key)),
    swap: async (key, ...change) => store.swap(keyOf(key), ...change),
  }
}

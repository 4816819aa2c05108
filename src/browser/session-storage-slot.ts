import type { Store } from '../ports.ts'

const item = 'tokenward-slot'

/**
 * A part of `store` for this tab alone: keys carry a random slot id kept in `sessionStorage`, so that it survives a reload and
 * cannot be found again once the tab is closed. A duplicated tab shares the slot, which is safe: all writes are swaps.
 * The first use rejects with the browser's `SecurityError` where `sessionStorage` is denied.
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

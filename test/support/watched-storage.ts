import { memoryStore } from '../../src/in-process/memory-store.ts'
import type { Store } from '../../src/ports.ts'

/** A store that tells of changes. */
export type WatchableStore = Store<unknown> & { readonly watch: NonNullable<Store<unknown>['watch']> }

/** One storage for several processes, which tells of changes as a folder does: later, and whoever made them. */
export interface WatchedStorage {
  readonly store: WatchableStore
  /** What is told of the next change. */
  readonly watchers: Set<() => void>
}

export function watchedStorage(): WatchedStorage {
  const rows = memoryStore<unknown>()
  const watchers = new Set<() => void>()
  const store: WatchableStore = {
    get: rows.get,
    async swap(key, tag, value, options) {
      const isDone = await rows.swap(key, tag, value, options)
      if (isDone) for (const changed of watchers) changed()
      return isDone
    },
    watch(key, tag, changed) {
      watchers.add(changed)
      void rows.get(key).then((row) => row?.tag !== tag && watchers.has(changed) && changed())
      return () => void watchers.delete(changed)
    },
  }
  return { store, watchers }
}

import { type FSWatcher, watch } from 'node:fs'

/** Tells that the file `name` of a folder was written, replaced or removed. Returns a function that ends this. */
export type WatchedFolder = (name: string, changed: () => void) => () => void

/**
 * Watches the folder at `path` for as long as somebody waits for one of its files, and not the files: a new value comes in a new
 * file. Where that cannot be done (no folder yet, no watch left on this machine, a network file system) nobody is told anything. It does
 * not keep the process alive.
 */
export function watchedFolder(path: string): WatchedFolder {
  const waiting = new Set<{ readonly name: string; readonly changed: () => void }>()
  let watcher: FSWatcher | undefined

  return (name, changed) => {
    const one = { name, changed }
    waiting.add(one)
    watcher ??= opened()

    return () => {
      waiting.delete(one)
      if (waiting.size === 0) close()
    }
  }

  function opened(): FSWatcher | undefined {
    try {
      return watch(path, { persistent: false }, (_, changed) => tell(changed)).on('error', close)
    } catch {
      return undefined
    }
  }

  function close() {
    watcher?.close()
    watcher = undefined
  }

  /** @param changed `null` where the system does not say which file it was */
  function tell(changed: string | null) {
    for (const { name, changed: told } of [...waiting]) if (changed === null || changed === name) told()
  }
}

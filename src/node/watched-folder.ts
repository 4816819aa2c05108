import { type FSWatcher, watch } from 'node:fs'

/** Calls `changed` when the file `name` of a folder was written, replaced or removed. Returns a function that ends this. */
export type WatchedFolder = (name: string, changed: () => void) => () => void

/**
 * Watches the folder at `path` while somebody waits for one of its files. It watches the folder and not the files, because each new value is a new file.
 * If that is not possible (there is no folder yet, the machine has no watches left, a network file system), `changed` is never called. It does not
 * keep the process running.
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

  /** @param changed the name of the file. `null` if the system does not say which file it was */
  function tell(changed: string | null) {
    for (const { name, changed: told } of [...waiting]) if (changed === null || changed === name) told()
  }
}

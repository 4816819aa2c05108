/** Those who listen to one thing. */
export interface Listeners<T> {
  /** Returns its own undo. The same listener may come twice. */
  add(listener: (value: T) => void): () => void
  tell(value: T): void
}

/** @param start called when the first of them comes; what it returns is called when the last one has gone */
export function listeners<T>(start: () => () => void = () => () => {}): Listeners<T> {
  const present = new Set<(value: T) => void>()
  let stop: () => void
  return {
    add(listener) {
      const own = (value: T) => listener(value)
      if (!present.size) stop = start()
      present.add(own)
      return () => {
        if (present.delete(own) && !present.size) stop()
      }
    },
    tell(value) {
      for (const listener of present) listener(value)
    },
  }
}

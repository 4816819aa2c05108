/** Those who want to hear something. */
export interface ListenerSet<T> {
  /** Returns a function that ends this. */
  add(listener: (value: T) => unknown): () => void
  /** Calls each in a turn of its own: it must not run inside what it hears of, and its fault is its own. */
  tell(value: T): void
}

/** Nobody yet. */
export function listenerSet<T>(): ListenerSet<T> {
  const listeners = new Set<(value: T) => unknown>()
  return {
    add(listener) {
      const own = (value: T) => listener(value)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell(value) {
      for (const listener of listeners) {
        Promise.resolve()
          .then(() => listeners.has(listener) && listener(value))
          .catch(() => {})
      }
    },
  }
}

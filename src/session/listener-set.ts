/** A set of listeners. */
export interface ListenerSet<T> {
  /** Adds a listener. Returns a function that removes it. */
  add(listener: (value: T) => unknown): () => void
  /** Calls each listener in its own turn. So a listener does not run in the middle of the change, and its errors affect nothing else. */
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

import type { Clock, Store } from '../ports.ts'
import { isOver, isPendingName, SIGN_IN_LIFETIME } from '../session/transaction.ts'

/** The brief store of each store. Pools with the same store share their sessions, so they need the same object. */
const known = new WeakMap<Store<unknown>, Store<unknown>>()

/** How many expired sign-ins are removed when a new one begins. So no timer is needed. */
const SWEEP = 4

/**
 * Makes a store that removes sign-ins which nobody finishes, because anybody can begin one. A store that removes old values itself is told how long they
 * are needed. In other stores, the old sign-ins of this process are removed when new ones begin.
 */
export function briefSignIns(store: Store<unknown>, clock: Clock): Store<unknown> {
  const brief = known.get(store) ?? brieflyKept(store, clock)
  known.set(store, brief)
  return brief
}

function brieflyKept(store: Store<unknown>, clock: Clock): Store<unknown> {
  /** When the sign-ins that this process has stored expire. The oldest come first. */
  const endings = new Map<string, number>()

  const { clock: shared, confirmInterval, textOnly, processes, watch } = store
  return {
    clock: shared,
    confirmInterval,
    textOnly,
    processes,
    watch,
    get: (key) => store.get(key),
    async swap(key, tag, value, options) {
      if (!isPendingName(key)) return store.swap(key, tag, value, options)

      const isDone = await store.swap(key, tag, value, { ...options, expireAfter: SIGN_IN_LIFETIME })
      if (!isDone) return false

      endings.delete(key)
      if (value === undefined) return true

      endings.set(key, clock.elapsed() + SIGN_IN_LIFETIME)
      // Not awaited, because the person who signs in should not wait for it.
      for (const old of overdue()) forget(old).catch(() => {})
      return true
    },
  }

  function overdue(): string[] {
    const found: string[] = []
    for (const [key, ends] of endings) {
      const isDue = ends <= clock.elapsed() && found.length < SWEEP
      if (!isDue) break

      found.push(key)
    }

    return found
  }

  async function forget(key: string): Promise<void> {
    endings.delete(key)
    const stored = await store.get(key)
    // Another process may have begun another sign-in under this key in the meantime.
    if (stored && isOver(stored.value, clock.now())) await store.swap(key, stored.tag, undefined)
  }
}

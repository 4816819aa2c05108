import type { Clock, Store } from '../ports.ts'
import { isOver, isPendingName, SIGN_IN_LIFETIME } from '../session/transaction.ts'

/** By store: pools of one store share their sessions, and so have to have one object. */
const known = new WeakMap<Store<unknown>, Store<unknown>>()

/** Old sign-ins that are looked at with each new one, so that they go without a timer. */
const SWEEP = 4

/**
 * `store`, in which a sign-in that nobody finishes stays only as long as it counts: anybody can begin one. A store that forgets by itself is told
 * how long; from every other those of this process are removed when further ones begin.
 */
export function briefSignIns(store: Store<unknown>, clock: Clock): Store<unknown> {
  const brief = known.get(store) ?? brieflyKept(store, clock)
  known.set(store, brief)
  return brief
}

function brieflyKept(store: Store<unknown>, clock: Clock): Store<unknown> {
  /** When those that this process has written are over, the oldest first. */
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
      // Whoever signs in does not wait for it.
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
    // Another process may have begun a sign-in of the same session.
    if (stored && isOver(stored.value, clock.now())) await store.swap(key, stored.tag, undefined)
  }
}

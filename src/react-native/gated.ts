import { systemClock } from '../in-process/system-clock.ts'
import type { Clock } from '../ports.ts'
import type { SecureItems } from './secure-items.ts'

/** Options of {@link gated}. */
export interface GateOptions {
  /** Asks the person, by Face ID or a fingerprint: `expo-local-authentication` and the like. Rejects when they refuse. */
  readonly ask: () => Promise<unknown>
  /** For how long an answer holds, ms. Default 300 000, 0 to 86 400 000. */
  readonly holds?: number
  /** Default: the phone's own. */
  readonly clock?: Clock
}

/**
 * `items` that are read only after the person was asked, once for all who wait. It keeps somebody who picks up an unlocked phone from using the
 * session; code in the app, and whoever controls the phone, can read the keychain without it.
 */
export function gated(items: SecureItems, { ask, holds = 300_000, clock = systemClock }: GateOptions): SecureItems {
  let askedAt = -Infinity
  let asking: Promise<void> | undefined

  return {
    keychain: items.keychain ?? items,
    async get(name) {
      await opened()
      return items.get(name)
    },
    async set(name, text) {
      await opened()
      await items.set(name, text)
    },
    // Signing out never waits for a finger.
    delete: (name) => items.delete(name),
  }

  function opened(): Promise<void> {
    if (clock.elapsed() - askedAt < holds) return Promise.resolve()
    asking ??= askOnce().finally(() => {
      asking = undefined
    })
    return asking
  }

  async function askOnce(): Promise<void> {
    await ask()
    askedAt = clock.elapsed()
  }
}

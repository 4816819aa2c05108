import type { SecureItems } from '../../src/react-native/index.ts'

/** What a call of an app that was killed rejects with: nobody hears it. */
export class Killed extends Error {}

/** How a keychain replaces an item: at once, or, as react-native-keychain does on iOS, by removing the old one first. */
export type Replacement = 'at once' | 'remove, then add'

/** How one life of an app reaches the keychain. */
export interface Life {
  readonly replacement?: Replacement
  /** How many native steps it lives for. Default: all. */
  readonly steps?: number
  /** Whether it may read, write and remove nothing for now. */
  isLocked?: () => boolean
  /** Whether the keychain says yes and writes nothing. */
  isDeaf?: () => boolean
}

/** The keychain of a phone: it outlives the app. */
export interface KillableKeychain {
  readonly items: ReadonlyMap<string, string>
  /** What one life of the app sees of it, and how many native steps it has made. */
  start(life?: Life): SecureItems & { readonly stepsMade: number }
}

/** A keychain that holds `items`. */
export function killableKeychain(items: ReadonlyMap<string, string> = new Map()): KillableKeychain {
  const kept = new Map(items)
  return {
    items: kept,
    start({ replacement = 'at once', steps = Infinity, isLocked, isDeaf } = {}) {
      let made = 0
      const step = (run: () => void) => {
        if (made >= steps) throw new Killed()
        made++
        run()
      }
      const assertAlive = () => {
        if (made >= steps) throw new Killed()
        if (isLocked?.()) throw Object.assign(new Error('User interaction is not allowed.'), { code: '-25308' })
      }
      return {
        keychain: kept,
        get stepsMade() {
          return made
        },
        async get(name) {
          assertAlive()
          return kept.get(name) ?? null
        },
        async set(name, text) {
          assertAlive()
          if (isDeaf?.()) return
          if (replacement === 'remove, then add' && kept.has(name)) step(() => kept.delete(name))
          step(() => kept.set(name, text))
        },
        async delete(name) {
          assertAlive()
          step(() => kept.delete(name))
        },
      }
    },
  }
}

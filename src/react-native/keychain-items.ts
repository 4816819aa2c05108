import { keychainError, type SecureItems, textOf, UNREADABLE } from './secure-items.ts'

/**
 * The part of react-native-keychain that is used. Give the module itself: `import * as Keychain from 'react-native-keychain'`. `Accessible` is
 * the module's enum of that name.
 */
export interface Keychain<Accessible = string> {
  /** The values for `accessible`: when an item can be read (iOS). */
  readonly ACCESSIBLE: {
    /** The item can be read once the device was unlocked since it started. It stays on this device and is not part of a backup. */
    readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: Accessible
  }
  /** Reads an item. `false` if there is none. */
  getGenericPassword(options: { readonly service: string }): Promise<false | KeychainPassword>
  /** Writes an item. */
  setGenericPassword(
    username: string,
    password: string,
    options: { readonly service: string; readonly accessible: Accessible },
  ): Promise<unknown>
  /** Removes an item. */
  resetGenericPassword(options: { readonly service: string }): Promise<unknown>
}

/** An item of react-native-keychain. */
export interface KeychainPassword {
  /** The text of the item. */
  readonly password: string
}

/** Options of {@link keychainItems}. */
export interface KeychainItemsOptions {
  /** The beginning of the name of every item. Default `'tokenward'`. */
  readonly service?: string
}

// On Android: the item was restored from a backup, and its key stayed on the old phone.
const UNDECRYPTABLE = /decrypt|keypermanentlyinvalidated|aeadbadtag|badpadding|wrapped error/i

/**
 * Keeps items in react-native-keychain. They can be read once the device was unlocked since it started, and they stay on this device. Give the
 * result to {@link secureStore}.
 * @param keychain the module `react-native-keychain`
 */
export function keychainItems<Accessible>(
  keychain: Keychain<Accessible>,
  { service = 'tokenward' }: KeychainItemsOptions = {},
): SecureItems {
  const placeOf = (name: string) => ({ service: `${service}.${name}` })

  return {
    keychain,
    async get(name) {
      try {
        const found = await keychain.getGenericPassword(placeOf(name))
        return found ? found.password : null
      } catch (cause) {
        if (UNDECRYPTABLE.test(textOf(cause))) return UNREADABLE
        throw keychainError(cause)
      }
    },
    async set(name, text) {
      const accessible = keychain.ACCESSIBLE.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY
      const done = await keychain.setGenericPassword('tokenward', text, { ...placeOf(name), accessible }).catch(fail)
      if (done === false) fail(undefined)
    },
    async delete(name) {
      await keychain.resetGenericPassword(placeOf(name)).catch(fail)
    },
  }
}

function fail(cause: unknown): never {
  throw keychainError(cause)
}

import { keychainError, type SecureItems, textOf, UNREADABLE } from './secure-items.ts'

/**
 * The part of react-native-keychain that is used; give the module itself: `import * as Keychain from 'react-native-keychain'`. `Accessible` is its
 * enum.
 */
export interface Keychain<Accessible = string> {
  /** When an item can be read (iOS). */
  readonly ACCESSIBLE: {
    /** After the device was unlocked once since it started; never in a backup. */
    readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: Accessible
  }
  /** Reads. */
  getGenericPassword(options: { readonly service: string }): Promise<false | KeychainPassword>
  /** Writes. */
  setGenericPassword(
    username: string,
    password: string,
    options: { readonly service: string; readonly accessible: Accessible },
  ): Promise<unknown>
  /** Removes. */
  resetGenericPassword(options: { readonly service: string }): Promise<unknown>
}

/** An item of react-native-keychain. */
export interface KeychainPassword {
  /** Its text. */
  readonly password: string
}

/** Options of {@link keychainItems}. */
export interface KeychainItemsOptions {
  /** Begins the name of every item. Default `'tokenward'`. */
  readonly service?: string
}

// Android: the item came back from a backup, and the key that could open it stayed on the old phone.
const UNDECRYPTABLE = /decrypt|keypermanentlyinvalidated|aeadbadtag|badpadding|wrapped error/i

/**
 * Items in react-native-keychain. They can be read after the device was unlocked once since it started, and they stay on this device.
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

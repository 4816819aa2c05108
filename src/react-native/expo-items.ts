import { keychainError, type SecureItems, textOf, UNREADABLE } from './secure-items.ts'

/** The part of expo-secure-store that is used. Give the module itself: `import * as SecureStore from 'expo-secure-store'`. */
export interface ExpoSecureStore {
  /** The value of `keychainAccessible` for items that can be read once the device was unlocked since it started, and only on this device. */
  readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  /** Reads an item. `null` if there is none. */
  getItemAsync(name: string, options?: ExpoItemOptions): Promise<string | null>
  /** Writes an item. */
  setItemAsync(name: string, text: string, options?: ExpoItemOptions): Promise<void>
  /** Removes an item. */
  deleteItemAsync(name: string, options?: ExpoItemOptions): Promise<void>
}

/** The options of expo-secure-store for one item. */
export interface ExpoItemOptions {
  /** When the item can be read (iOS). */
  readonly keychainAccessible?: number
  /** The group that the item belongs to. It keeps the item apart from the other items of the app. */
  readonly keychainService?: string
}

// A group of its own: an item that exists already keeps its accessibility, and the app may have written one with the same name.
const SERVICE = 'tokenward'

// On Android: the item was restored from a backup, and its key stayed on the old phone.
const UNDECRYPTABLE = /could not decrypt|keypermanentlyinvalidated|aeadbadtag|badpadding|invalidkeyexception/i

/**
 * Keeps items in expo-secure-store. They can be read once the device was unlocked since it started, so that push messages and background tasks
 * can use the session. They stay on this device and are not part of a backup. Give the result to {@link secureStore}.
 * @param secureStore the module `expo-secure-store`
 */
export function expoItems(secureStore: ExpoSecureStore): SecureItems {
  const options: ExpoItemOptions = {
    keychainService: SERVICE,
    keychainAccessible: secureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY,
  }

  return {
    keychain: secureStore,
    async get(name) {
      try {
        return await secureStore.getItemAsync(name, options)
      } catch (cause) {
        if (UNDECRYPTABLE.test(textOf(cause))) return UNREADABLE
        throw keychainError(cause)
      }
    },
    async set(name, text) {
      await secureStore.setItemAsync(name, text, options).catch(fail)
    },
    async delete(name) {
      await secureStore.deleteItemAsync(name, options).catch(fail)
    },
  }
}

function fail(cause: unknown): never {
  throw keychainError(cause)
}

import { keychainError, type SecureItems, textOf, UNREADABLE } from './secure-items.ts'

/** The part of expo-secure-store that is used; give the module itself: `import * as SecureStore from 'expo-secure-store'`. */
export interface ExpoSecureStore {
  /** When an item can be read (iOS). */
  readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  /** Reads. */
  getItemAsync(name: string, options?: ExpoItemOptions): Promise<string | null>
  /** Writes. */
  setItemAsync(name: string, text: string, options?: ExpoItemOptions): Promise<void>
  /** Removes. */
  deleteItemAsync(name: string, options?: ExpoItemOptions): Promise<void>
}

/** How expo-secure-store keeps an item. */
export interface ExpoItemOptions {
  /** When it can be read (iOS). */
  readonly keychainAccessible?: number
  /** Apart from the app's other items. */
  readonly keychainService?: string
}

// A class of their own, so that no item of the app's that was written before keeps its older, stricter accessibility.
const SERVICE = 'tokenward'

// Android: the item came back from a backup, and the key that could open it stayed on the old phone.
const UNDECRYPTABLE = /could not decrypt|keypermanentlyinvalidated|aeadbadtag|badpadding|invalidkeyexception/i

/**
 * Items in expo-secure-store. They can be read after the device was unlocked once since it started, so that push messages and background
 * tasks find the session, and they stay on this device: no backup carries them.
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

import { TokenManagerError } from '../errors.ts'

/**
 * The keychain of a phone, as this library uses it: a text for each name. Its writes need not be atomic, because {@link secureStore} takes care of
 * that.
 */
export interface SecureItems {
  /**
   * The native module behind it. Two stores with the same module never write at the same time. Default: this object.
   */
  readonly keychain?: object
  /**
   * Reads the text of `name`. `null` if there is none. The empty text if it can never be read again, because a backup was restored without its
   * key.
   * @throws TokenManagerError `ERR_STORE_FAILED`. Its reason is `storage_locked` if the text can be read after the device was unlocked
   */
  get(name: string): Promise<string | null>
  /** Writes `text`, which is ASCII, under `name`, which has letters, digits, `.`, `_` and `-`. */
  set(name: string, text: string): Promise<void>
  /** Removes the text of `name`. Does nothing if there is none. */
  delete(name: string): Promise<void>
}

/** What {@link SecureItems.get} gives for an item whose key is lost. A text that was written is never empty. */
export const UNREADABLE = ''

// The code of errSecInteractionNotAllowed, and the messages that the native modules have for it.
const LOCKED = /-25308|interaction is not allowed|user not authenticated|device is locked/i

/**
 * Makes an error of this library from a failure of the keychain. If the device is locked, nothing is lost: the item can be read later.
 * @param cause what the native module rejected with
 */
export function keychainError(cause: unknown): TokenManagerError {
  if (cause instanceof TokenManagerError) return cause

  const isLocked = LOCKED.test(textOf(cause))
  return isLocked
    ? new TokenManagerError(
        'ERR_STORE_FAILED',
        'storage_locked',
        'The keychain cannot be read before the device was unlocked',
        { cause },
      )
    : new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The keychain refused', { cause })
}

/** The message and the code of a failure. It is only searched and never shown, because it may contain secrets. */
export function textOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return ''

  const { message, code } = cause as { readonly message?: unknown; readonly code?: unknown }
  return `${String(message)} ${String(code)}`
}

import { TokenManagerError } from '../errors.ts'

/**
 * The keychain of a phone as this library uses it: texts by name. Neither a replacement nor several writes together need be atomic:
 * {@link secureStore} makes them so.
 */
export interface SecureItems {
  /** What is behind it, the native module: two stores on one keychain must not write between each other's steps. Default: this object. */
  readonly keychain?: object
  /**
   * The text of `name`; `null` where there is none, and the empty text where it can never be read again (a backup was restored without its
   * key).
   * @throws TokenManagerError `ERR_STORE_FAILED`: `storage_locked` where it can be read once the device was unlocked
   */
  get(name: string): Promise<string | null>
  /** Writes `text` (ASCII) under `name` (letters, digits, `.`, `_`, `-`). */
  set(name: string, text: string): Promise<void>
  /** Removes `name`; nothing happens where it is not there. */
  delete(name: string): Promise<void>
}

/** What {@link SecureItems.get} gives for an item whose key is lost. No text that is written is empty. */
export const UNREADABLE = ''

// errSecInteractionNotAllowed, and what the native modules make of it.
const LOCKED = /-25308|interaction is not allowed|user not authenticated|device is locked/i

/**
 * A keychain's failure as an error of this library. A locked device is a passing state: nothing was lost.
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

/** What a failure says of itself: message and code. For looking at only, it may hold anything. */
export function textOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return ''
  const { message, code } = cause as { readonly message?: unknown; readonly code?: unknown }
  return `${String(message)} ${String(code)}`
}

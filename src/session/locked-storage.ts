import { TokenManagerError } from '../errors.ts'

/** Whether a storage cannot be read before the device was unlocked: a passing state, in which nothing is known of the session. */
export function isLocked(cause: unknown): cause is TokenManagerError {
  return cause instanceof TokenManagerError && cause.reason === 'storage_locked'
}

import { TokenManagerError } from '../errors.ts'

/** Whether the storage cannot be read until the device is unlocked. Until then it is not known whether there is a session. */
export function isLocked(cause: unknown): cause is TokenManagerError {
  return cause instanceof TokenManagerError && cause.reason === 'storage_locked'
}

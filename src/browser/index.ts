import type { TokenManagerOptions } from '../options.ts'
import { createTokenManager as createManager, type TokenManager } from '../token-manager.ts'
import { browserPlatform, type Persistence } from './platform.ts'

export * from '../index.ts'
export { indexedDbStore } from './indexed-db-store.ts'
export type { Persistence } from './platform.ts'
export { type PopupOptions, popup } from './popup.ts'
export { redirect } from './redirect.ts'

/** Options of the browser's `createTokenManager`. */
export interface BrowserTokenManagerOptions extends TokenManagerOptions {
  /** Where the session is kept. Default `'local'`: sealed, shared by all tabs, until sign-out. */
  readonly persistence?: Persistence
}

/**
 * A manager for one session of this page and all tabs of its origin. Does no I/O and starts nothing before it is used. On a
 * server (no `window`) it stays `loading`. Managers for the same issuer, client, account and persistence share the session.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: BrowserTokenManagerOptions): TokenManager {
  return createManager(options, browserPlatform({ persistence: Object(options).persistence ?? 'local' }))
}

import { createTokenManager as createManager } from '../manager/create-token-manager.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import { browserPlatform, type Persistence } from './platform.ts'
import type { RefreshWorker } from './refresh-worker.ts'

export * from '../index.ts'
export { type EndSessionOptions, endSession, endSessionReturn } from './end-session.ts'
export { type FrontChannelLogoutOutcome, frontChannelLogout } from './front-channel-logout.ts'
export { inMemory } from './in-memory.ts'
export { inTab } from './in-tab.ts'
export { indexedDbStore } from './indexed-db-store.ts'
export type { Persistence } from './platform.ts'
export { type PopupOptions, popup } from './popup.ts'
export { redirect } from './redirect.ts'
export { type RefreshingSharedWorker, type RefreshWorker, refreshWorker } from './refresh-worker.ts'

/** Options of the browser's `createTokenManager`. */
export interface BrowserTokenManagerOptions extends TokenManagerOptions {
  /** `inTab` or `inMemory`: where the session is kept. Default: sealed in IndexedDB, shared by all tabs, until sign-out. */
  readonly persistence?: Persistence
  /**
   * `refreshWorker()`: a worker that refreshes for all tabs, so that a refresh outlives the tab that began it. With `persistence`
   * `'session'` or `'memory'` it is not used. Default: each tab refreshes for itself, and a tab that is closed between the server's part and
   * its own can cost the session.
   */
  readonly refreshWorker?: RefreshWorker
}

/**
 * A manager for one session of this page and all tabs of its origin, in workers and service workers of extensions too: those share the
 * session with its pages, and sign in only with an own `userAgent`. Does no I/O and starts nothing before it is used. On a server
 * (neither a document nor IndexedDB) it stays `loading`. Managers for the same issuer, client, account and persistence share the session.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: BrowserTokenManagerOptions): TokenManager {
  return createManager(options, browserPlatform({ ...options }))
}

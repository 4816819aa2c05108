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
  /**
   * Where the session is kept. Default: encrypted, for all tabs, until sign-out. `inTab`: for this tab and its reloads. `inMemory`: for this
   * page. Both are imported.
   */
  readonly persistence?: Persistence
  /**
   * `refreshWorker()`: a worker that refreshes for all tabs, so that a refresh goes on when its tab is closed. It is not used with
   * `persistence` `inTab` or `inMemory`. Default: tabs refresh themselves. A tab that is closed before it has stored the answer may
   * lose the session.
   */
  readonly refreshWorker?: RefreshWorker
}

/**
 * Creates a manager for one session of this page and all tabs of its origin. Managers for the same issuer, client, account and persistence
 * share the session. It does no I/O and starts nothing before it is used. On a server (neither a document nor IndexedDB) its state is
 * always `loading`. It also works in workers, and in service workers of extensions. They need a `userAgent` of yours to sign in.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: BrowserTokenManagerOptions): TokenManager {
  return createManager(options, browserPlatform({ ...options }))
}

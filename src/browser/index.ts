import { createTokenManager as createManager } from '../manager/create-token-manager.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import { browserPlatform, type Persistence } from './platform.ts'

export * from '../index.ts'
export { type EndSessionOptions, endSession, endSessionReturn } from './end-session.ts'
export { type FrontChannelLogoutOutcome, frontChannelLogout } from './front-channel-logout.ts'
export { indexedDbStore } from './indexed-db-store.ts'
export type { Persistence } from './platform.ts'
export { type PopupOptions, popup } from './popup.ts'
export { redirect } from './redirect.ts'

/** What the types of a platform say of shared workers. */
interface SharedWorkerHost<Worker> {
  readonly SharedWorker: new (...args: never[]) => Worker
}

/** A `SharedWorker`; types without the DOM library have none. */
export type RefreshWorker = typeof globalThis extends SharedWorkerHost<infer Worker> ? Worker : object

/** Options of the browser's `createTokenManager`. */
export interface BrowserTokenManagerOptions extends TokenManagerOptions {
  /** Where the session is kept. Default `'local'`: sealed, shared by all tabs, until sign-out. */
  readonly persistence?: Persistence
  /**
   * Starts or joins the worker that refreshes for all tabs, so that a refresh outlives the tab that began it: a function that
   * returns the `SharedWorker` of `tokenward/browser/worker`. It is called when a refresh is due and whenever there are new tokens, as a
   * worker ends with the last page that joined it. Default: each tab refreshes for itself, and a tab that is closed between the
   * server's part and its own can cost the session. With `extendedLifetime: true` among the worker's own options (where the browser
   * has it) a refresh outlives the last tab too.
   *
   * Where there is no such worker, the content policy (`worker-src`) forbids it, it does not answer within 3 s, or an option cannot be
   * cloned (an own `store`, `fetch`, `lock`, `channel`, `clock` or `crypto`), the page refreshes itself and the event `degraded` says
   * `worker_unavailable`. With `persistence` `'session'` or `'memory'` it is not used.
   */
  readonly refreshWorker?: () => RefreshWorker
}

/**
 * A manager for one session of this page and all tabs of its origin, in workers and service workers of extensions too: those share the
 * session with its pages, and sign in only with an own `userAgent`. Does no I/O and starts nothing before it is used. On a server
 * (neither a document nor IndexedDB) it stays `loading`. Managers for the same issuer, client, account and persistence share the session.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: BrowserTokenManagerOptions): TokenManager {
  return createManager(options, browserPlatform({ ...options, persistence: Object(options).persistence ?? 'local' }))
}

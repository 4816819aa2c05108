import type { TokenManagerOptions } from '../manager/options.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { TokenManagerEvent, TokenManagerEventType } from '../session/events.ts'
import type { SessionCheck } from './check-session.ts'
import type { SessionDenylist } from './end-denied.ts'

/** Options of `createSessionPool`: those of a manager without `account`, because each session has its own. */
export interface SessionPoolOptions extends Omit<TokenManagerOptions, 'account'> {
  /**
   * How many sessions may be in memory, 1 to 10 000 000. Default 10 000. If there are more, the sessions that were not used for the longest time
   * leave memory. They stay in `store`, and are read from there at their next use. Some sessions cannot leave, so the pool may grow larger:
   * those in use by `use()`, those that refresh, and those with tokens that still have to be stored or revoked.
   */
  readonly maxSessions?: number
  /**
   * Logouts of the authorization server: a `createDenylist()` of `tokenward/resource-server` that `createBackchannelLogout` fills. A session that
   * it names, and that began before the logout, is signed out (`session_ended`), at once if it is in use, otherwise at its next use. Its
   * tokens are revoked, unless `offline_access` was granted (OpenID Connect Back-Channel Logout §2.7). The denylist's
   * `maxTokenLifetime` has to be as long as sessions live here. While the denylist is out of date, no session can be used, only signed out, unless
   * its `whenStale` is `'allow'`. Default: none.
   */
  readonly denylist?: SessionDenylist
}

/** Many sessions of one client in one process. Every method is bound. */
export interface SessionPool {
  /**
   * Returns the manager of the session `account`: the same object as long as it is in memory. If its session has left memory, the manager still
   * works, and loads the session again. Its listeners of `subscribe` and `on` are then gone, so use the pool's `on`. A name without a
   * session leaves memory when its calls are done, unless somebody listens to it.
   * @param account names the session: a user's id, an opaque id in a cookie. A string of 1 to 512 characters
   * @throws TokenManagerError `ERR_INVALID_OPTION` for another name
   */
  get(account: string): TokenManager
  /** Where people come back to after a sign-in: the option of that name. */
  readonly redirectUri: string | undefined
  /** Whether option `resources` lets a token go to `url`. */
  allows(url: string): boolean
  /**
   * Returns the state of a session without using it, so `idleTimeout` goes on. A session that was read longer than `confirmInterval` ago is read
   * again. If a limit or the denylist ends it, it is ended.
   * @throws TokenManagerError `ERR_STORE_FAILED` if the store says nothing and the session is not in memory; `ERR_TEMPORARILY_UNAVAILABLE` while
   *   `denylist` is out of date
   */
  check(account: string): Promise<SessionCheck>
  /** Runs `work` with a session. The session stays in memory until `work` is done. */
  use<T>(account: string, work: (tokens: TokenManager) => Promise<T>): Promise<T>
  /**
   * Gives a session another name, also for the sign-ins under way to it. When it resolves, the old name has no session. Call it at each sign-in
   * before `completeSignIn()`, because an attacker may have planted the old name (session fixation). It waits for a refresh that is under
   * way, at most `requestTimeout` and 3 s.
   * @param from the present name; it need not have a session
   * @param to a new name, random in a cookie
   * @throws TokenManagerError `ERR_INVALID_OPTION` if there is a session called `to`; `ERR_STORE_FAILED`, and then `from` may still count
   */
  rename(from: string, to: string): Promise<void>
  /** Calls `listener` for each event of one type, of all sessions in memory. Returns a function that ends this. */
  on<T extends TokenManagerEventType>(type: T, listener: (event: PoolEvent<T>) => void): () => void
  /** How many sessions are in memory. */
  readonly size: number
  /** How many alarms wait on the pool's one timer. */
  readonly alarms: number
  /** Stops everything and empties the memory. The sessions stay in the store. If the pool is used again, it starts again. */
  dispose(): void
}

/** An event, and which session it is of. */
export type PoolEvent<T extends TokenManagerEventType = TokenManagerEventType> = TokenManagerEvent<T> & {
  /** The name of the session, as it was given to `get()` or `use()`. */
  readonly account: string
}

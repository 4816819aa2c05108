import type { TokenManagerOptions } from '../manager/options.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { TokenManagerEvent, TokenManagerEventType } from '../session/events.ts'
import type { SessionCheck } from './check-session.ts'
import type { SessionDenylist } from './end-denied.ts'

/** Options of `createSessionPool`: those of a manager, but for `account`, which each session has of its own. */
export interface SessionPoolOptions extends Omit<TokenManagerOptions, 'account'> {
  /**
   * The most sessions kept in memory, 1 to 10 000 000. Default 10 000. Beyond it those leave memory that were not handed out for the
   * longest time. They are in `store` and are read from there when they are handed out again. The pool grows beyond it for sessions that
   * cannot leave: those in use by `use()`, those that refresh, and those with tokens that are still to be stored or to be revoked.
   */
  readonly maxSessions?: number
  /**
   * Logouts that the authorization server told of: a `createDenylist()` of `tokenward/resource-server` that `createBackchannelLogout` feeds. A
   * session that it names and that began before the logout is signed out (`session_ended`): at once if it is in use just then, else when it
   * is used next. Its tokens are revoked, unless `offline_access` was granted (OpenID Connect Back-Channel Logout §2.7). The denylist's
   * `maxTokenLifetime` has to be as long as sessions live here. Default: none.
   */
  readonly denylist?: SessionDenylist
}

/** Many sessions of one client in one process. Every method is bound. */
export interface SessionPool {
  /**
   * The session called `account`: the same manager as long as it is in memory. A manager that is used after its session left memory
   * works on, and brings the session back. Listeners of its `subscribe` and `on` are forgotten then: use the pool's `on`. A name under
   * which nobody is signed in leaves memory as soon as its calls are done, unless somebody listens to it.
   * @param account names the session: a user's id, an opaque id in a cookie. A string of 1 to 512 characters
   * @throws TokenManagerError `ERR_INVALID_OPTION` for another name
   */
  get(account: string): TokenManager
  /** Where people come back to after a sign-in: the option of that name. */
  readonly redirectUri: string | undefined
  /** Whether option `resources` lets a token go to `url`. */
  allows(url: string): boolean
  /**
   * Looks at a session without using it: `idleTimeout` goes on. What was read longer than `confirmInterval` ago is read again, and a
   * session that a limit or the denylist ends is ended.
   * @throws TokenManagerError `ERR_STORE_FAILED` if the store says nothing and the session is not in memory
   */
  check(account: string): Promise<SessionCheck>
  /** Runs `work` with a session, which stays in memory meanwhile. */
  use<T>(account: string, work: (tokens: TokenManager) => Promise<T>): Promise<T>
  /**
   * Gives a session, and the sign-ins on their way to it, another name. Once this resolves the old name has no session. Call it at each
   * sign-in, before `completeSignIn()`: an attacker may know the name from before, because they planted it (session fixation). A refresh that
   * is under way is waited for, at most `requestTimeout` and 3 s.
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
  /** Stops everything and empties the memory; the sessions stay in the store. Using it again begins anew. */
  dispose(): void
}

/** An event, and which session it is of. */
export type PoolEvent<T extends TokenManagerEventType = TokenManagerEventType> = TokenManagerEvent<T> & {
  /** As it was given to `get()` or `use()`. */
  readonly account: string
}

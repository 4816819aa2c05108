import type { TokenManagerError } from '../errors.ts'
import type { SessionState } from '../session/state.ts'

/** What the page gets to know of a session: a `SessionState`, without what only the backend may know. */
export interface SessionAnswer {
  /** As in `SessionState`, but never `loading`. */
  readonly status: 'signedIn' | 'signedOut'
  /** Why nobody is signed in. Absent if somebody is. */
  readonly reason?: string
  /** The session of the person who is signed in. Absent if nobody is. */
  readonly session?: (SessionState & { readonly status: 'signedIn' })['session']
  /** As in `SessionState`. Absent if nobody is signed in. */
  readonly health?: (SessionState & { readonly status: 'signedIn' })['health']
  /** Why `health` is not `ok`: code, reason and message of a `TokenManagerError`. */
  readonly cause?: Pick<TokenManagerError, 'code' | 'reason' | 'message'>
  /** When the backend tries again, in epoch milliseconds. */
  readonly retryAt?: number | undefined
  /** When a limit ends the session if nobody uses it until then, in epoch milliseconds. */
  readonly endsAt?: number | undefined
}

/** An access token for the page. */
export interface TokenAnswer {
  /** The token. */
  readonly value: string
  /** The scheme of the `Authorization` header that carries the token. */
  readonly type: 'Bearer'
  /** When the token expires, in epoch milliseconds. Absent if the authorization server did not say. */
  readonly expiresAt?: number | undefined
  /** The scope of the token: names with a space between them. */
  readonly scope: string
  /** The resource that the token was asked for. Absent if none was named. */
  readonly resource?: string | undefined
}

/** What the page gets to know of its sign-out. */
export interface SignOutAnswer {
  /**
   * `removed`: the session is removed for every host. `memory_only`: the store failed. The browser has forgotten the session, and this host
   * keeps trying to remove it. `superseded`: another session had taken its place before.
   */
  readonly local: 'removed' | 'memory_only' | 'superseded'
  /** The URL that ends the person's session at the authorization server. The page navigates there. Absent if the server has none. */
  readonly endSessionUrl?: string | undefined
}

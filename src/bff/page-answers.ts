import type { TokenManagerError } from '../errors.ts'
import type { SessionState } from '../session/state.ts'

/** A session as the page is told of it: a `SessionState` without anything that only the backend may know. */
export interface SessionAnswer {
  /** As in `SessionState`, and never `loading`. */
  readonly status: 'signedIn' | 'signedOut'
  /** Why nobody is signed in. */
  readonly reason?: string
  /** Who is signed in. */
  readonly session?: (SessionState & { readonly status: 'signedIn' })['session']
  /** How the session is doing. */
  readonly health?: (SessionState & { readonly status: 'signedIn' })['health']
  /** Why it is not `ok`: code, reason and message of a `TokenManagerError`. */
  readonly cause?: Pick<TokenManagerError, 'code' | 'reason' | 'message'>
  /** When it goes on, epoch ms. */
  readonly retryAt?: number | undefined
  /** When a limit ends it if nobody uses it before, epoch ms. */
  readonly endsAt?: number | undefined
}

/** An access token for the page. */
export interface TokenAnswer {
  /** The token. */
  readonly value: string
  /** The scheme of the `Authorization` field it goes into. */
  readonly type: 'Bearer'
  /** Epoch ms; absent when the authorization server did not say. */
  readonly expiresAt?: number | undefined
  /** Space-separated. */
  readonly scope: string
  /** The resource it was asked for. */
  readonly resource?: string | undefined
}

/** What the page is told of its sign-out. */
export interface SignOutAnswer {
  /** `removed`: for every host. `memory_only`: the store refused; this host goes on trying, and the browser has forgotten the session. */
  readonly local: 'removed' | 'memory_only' | 'superseded'
  /** Where the person's session at the authorization server ends, if it has such a place: a top-level navigation goes there. */
  readonly endSessionUrl?: string | undefined
}

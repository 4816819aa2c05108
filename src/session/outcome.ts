import { TokenManagerError } from '../errors.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'
import { errorOf, type Failure } from './failure.ts'
import { hasAccessToken, NEWER_VERSION, type SessionRecord } from './record.ts'
import { CLOCK_STEP } from './schedule.ts'
import type { Session } from './session.ts'

/** The outcome of a refresh. */
export type RefreshOutcome = RefreshSuccess | RefreshFailure

/**
 * A refresh without an error. `refreshed`: this context has got new tokens; `attempt` is how many times it sent the refresh token. `adopted` and
 * `superseded`: another context has got them, before or in the meantime.
 */
type RefreshSuccess = { readonly error?: undefined; readonly held?: undefined; readonly heard?: undefined } & (
  | { readonly outcome: 'refreshed'; readonly attempt: number }
  | { readonly outcome: 'adopted' | 'superseded' | 'signed_out' }
)

/** A refresh without new tokens. After the outcomes of the second line, the session has ended or will end soon. */
export interface RefreshFailure {
  readonly outcome:
    | ('store_failed' | 'offline' | 'throttled' | 'failed')
    | ('rejected' | 'outcome_unknown' | 'user_changed' | 'dpop_key_lost' | 'expired')
  readonly error: TokenManagerError
  /** Present if there are new tokens, but only in memory, because the store failed. It resolves when they are stored. */
  readonly held?: Promise<void> | undefined
  /** Whether nothing was sent, because the failure was already in the record. */
  readonly heard?: boolean
}

/** Whether there is a `token` and it has not expired, by the wall clock. */
export function isUsable(session: Session, token: StoredAccessToken | undefined): boolean {
  const now = session.platform.clock.now()
  if (!token) return false

  return (token.expiresAt ?? Infinity) > now && token.obtainedAt <= now + CLOCK_STEP
}

/** The error for a failure of the store. `cause` is what the store rejected with. */
export function storeFailed(cause: unknown): TokenManagerError {
  // Some stores reject with an error of this library, which says more.
  const isTold = cause instanceof TokenManagerError && (cause.code === 'ERR_STORE_FAILED' || cause.retryAt)
  if (isTold) return cause

  return cause === NEWER_VERSION
    ? new TokenManagerError('ERR_SIGNED_OUT', 'incompatible_version', 'A newer version wrote the session: reload')
    : new TokenManagerError('ERR_STORE_FAILED', 'store_failed', undefined, { cause })
}

/** `offline` if the platform says that there is no network, and `outcome` otherwise. */
export function offlineOr<T extends string>(session: Session, outcome: T): T | 'offline' {
  return session.platform.lifecycle.isOnline() ? outcome : 'offline'
}

/** The error for a call while nobody is signed in. */
export function signedOutError({ held: { state } }: Session): TokenManagerError {
  const { reason, error: cause } = state.status === 'signedOut' ? state : { reason: 'signed_out_elsewhere' as const }
  const hint = reason === 'expired' ? ', and there was no refresh token: add offline_access to scope' : ''
  return new TokenManagerError('ERR_SIGNED_OUT', reason, `Nobody is signed in${hint}`, { cause })
}

/** The error of a refresh whose answer was lost and whose refresh token was then refused. */
export function outcomeUnknown(): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', 'outcome_unknown', 'The answer to the refresh was lost')
}

/** The outcome of a refresh during the back-off after `failure`. `rest`: how long the back-off still lasts, in milliseconds. */
export function backingOff(
  { platform: { clock } }: Session,
  record: SessionRecord,
  failure: Failure,
  rest: number,
): RefreshOutcome {
  const now = clock.now()
  return { outcome: 'throttled', heard: true, error: errorOf(failure, hasAccessToken(record, now), now + rest) }
}

/** The error of a refresh that waited too long for its turn, or whose machine slept each time its turn came. */
export function outOfPatience(): TokenManagerError {
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout')
}

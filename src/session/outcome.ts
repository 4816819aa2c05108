import { TokenManagerError } from '../errors.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'
import { errorOf, type Failure } from './failure.ts'
import { isLocked } from './locked-storage.ts'
import { hasAccessToken, NEWER_VERSION, type SessionRecord } from './record.ts'
import { CLOCK_STEP } from './schedule.ts'
import type { Session } from './session.ts'

/** What came of a refresh. */
export type RefreshOutcome = RefreshSuccess | RefreshFailure

/** `attempt`: how often the refresh token was sent. The others: another context had made it, before or meanwhile. */
type RefreshSuccess = { readonly error?: TokenManagerError; readonly held?: undefined; readonly heard?: undefined } & (
  | { readonly outcome: 'refreshed'; readonly attempt: number }
  | { readonly outcome: 'adopted' | 'superseded' | 'signed_out' }
)

/** No new token. After the outcomes of the second line the session is at its end, or soon will be. */
export interface RefreshFailure {
  readonly outcome:
    | ('store_failed' | 'offline' | 'throttled' | 'failed')
    | ('rejected' | 'outcome_unknown' | 'user_changed' | 'dpop_key_lost' | 'expired')
  readonly error: TokenManagerError
  /** The new tokens are here all the same, in memory, until this resolves. */
  readonly held?: Promise<void> | undefined
  /** Nothing was tried: the record already said so. */
  readonly heard?: boolean
}

/** Whether `token` is there and has not expired, as far as the wall clock tells. */
export function isUsable(session: Session, token: StoredAccessToken | undefined): boolean {
  const now = session.platform.clock.now()
  if (!token) return false
  return (token.expiresAt ?? Infinity) > now && token.obtainedAt <= now + CLOCK_STEP
}

/** An error for a storage that refused, from whatever it rejected with. */
export function storeFailed(cause: unknown): TokenManagerError {
  // A storage that knows when to ask again, or why it cannot be read or written, says so itself.
  const isTold = cause instanceof TokenManagerError && (cause.code === 'ERR_STORE_FAILED' || cause.retryAt)
  if (isTold || isLocked(cause)) return cause
  return cause === NEWER_VERSION
    ? new TokenManagerError('ERR_SIGNED_OUT', 'incompatible_version', 'A newer version wrote the session: reload')
    : new TokenManagerError('ERR_STORE_FAILED', 'store_failed', undefined, { cause })
}

/** What to call a failure that is nobody's fault: offline when the platform says so. */
export function offlineOr<T extends string>(session: Session, outcome: T): T | 'offline' {
  return session.platform.lifecycle.isOnline() ? outcome : 'offline'
}

/** Why there is no session, as an error. */
export function signedOutError({ held: { state } }: Session): TokenManagerError {
  const { reason, error: cause } = state.status === 'signedOut' ? state : { reason: 'signed_out_elsewhere' as const }
  const hint = reason === 'expired' ? ', and there was no refresh token: add offline_access to scope' : ''
  return new TokenManagerError('ERR_SIGNED_OUT', reason, `Nobody is signed in${hint}`, { cause })
}

/** The error of a refresh whose answer was lost and whose refresh token was then refused. */
export function outcomeUnknown(): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', 'outcome_unknown', 'The answer to the refresh was lost')
}

/** A refresh that is not tried before `rest` ms are over, and the failure that it is not tried for. */
export function backingOff(
  { platform: { clock } }: Session,
  record: SessionRecord,
  failure: Failure,
  rest: number,
): RefreshOutcome {
  const now = clock.now()
  return { outcome: 'throttled', heard: true, error: errorOf(failure, hasAccessToken(record, now), now + rest) }
}

/** The error of a refresh that waited for its turn for too long, or slept each time it came. */
export function outOfPatience(): TokenManagerError {
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout')
}

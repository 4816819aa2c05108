import { TokenManagerError } from '../errors.ts'
import type { StoredAccessToken } from './record.ts'
import type { Session } from './session.ts'

/** What came of it. Only the last group ends the session. */
export type RefreshOutcome =
  | { readonly outcome: 'refreshed'; readonly attempt: number }
  | { readonly outcome: 'adopted' | 'superseded' }
  | {
      readonly outcome: 'store_failed' | 'offline' | 'throttled' | 'failed'
      readonly error: TokenManagerError
      /** The tokens are here all the same, in memory. */
      readonly held?: true
    }
  | { readonly outcome: 'signed_out' }
  | { readonly outcome: 'rejected' | 'outcome_unknown' | 'user_changed' | 'expired'; readonly error: TokenManagerError }

/** By how much a wall clock may be set back before what was stored counts as coming from the future. */
const CLOCK_STEP = 10_000

/** Whether `token` is there and has not expired, as far as the wall clock tells. */
export function isUsable(session: Session, token: StoredAccessToken | undefined): token is StoredAccessToken {
  const now = session.platform.clock.now()
  return token !== undefined && (token.expiresAt ?? Infinity) > now && token.obtainedAt <= now + CLOCK_STEP
}

/** What to call a failure that is nobody's fault: offline when the platform says so. */
export function offlineOr<T extends string>(session: Session, outcome: T): T | 'offline' {
  return session.platform.lifecycle.isOnline() ? outcome : 'offline'
}

/** The error of a refresh whose answer was lost and whose refresh token was then refused. */
export function outcomeUnknown(): TokenManagerError {
  return ended('outcome_unknown', 'The answer to a refresh was lost and the server no longer accepts the refresh token.')
}

/** The error of a session without a refresh token whose access token is over. */
export function expired(): TokenManagerError {
  return ended('expired', 'The access token expired and the server gave no refresh token.')
}

function ended(reason: 'outcome_unknown' | 'expired', message: string): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', reason, `${message} Sign in again.`)
}

/** The outcome of a refresh that was not tried: the shared back-off is not over. */
export function throttled(retryAt: number): RefreshOutcome {
  const message = 'The last refresh failed and the next one waits its turn. Try again after retryAt.'
  return { outcome: 'throttled', error: new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'throttled', message, { retryAt }) }
}

/** The outcome of a refresh that other contexts kept from us for longer than anyone should wait. */
export function tooLong(): RefreshOutcome {
  const message = 'Another context has been refreshing for too long. Try again.'
  return { outcome: 'throttled', error: new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout', message) }
}

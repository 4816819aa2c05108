import { TokenManagerError, type TokenManagerErrorCode, type TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { RefusalMeaning } from '../protocol/failure.ts'
import { backOff, CLOCK_STEP } from './schedule.ts'

/** As much of an error as a record keeps. */
export interface FailureCause {
  readonly code: TokenManagerErrorCode
  readonly reason: TokenManagerErrorReason
  readonly status?: number | undefined
  readonly error?: string | undefined
}

/**
 * Refreshes that failed since the last one that did not, and the back-off that all contexts share. A back-off is a courtesy: it is
 * over when the wall clock passed `at + delay`, or went back before `at`, or a context waited `delay` on its own clock.
 */
export interface Failure {
  readonly attempts: number
  readonly delay: number
  /** Random; another one at each failure. */
  readonly beat: string
  /** When it was written; absent in records of earlier versions. */
  readonly at?: EpochMs | undefined
  /** The last refusal; before there was one, whatever else went wrong last. */
  readonly cause?: FailureCause | undefined
  /** For how long the server has been refusing in the same way, ms; absent: it has not refused. */
  readonly refusedFor?: number | undefined
  /** How many refusals were of no known kind. */
  readonly unclear?: number | undefined
  /** Only the person can bring new tokens, as far as anyone can tell. */
  readonly personNeeded?: boolean | undefined
}

/** A refresh that failed. */
export interface Failed {
  readonly error: TokenManagerError
  /** Milliseconds the server asked to wait. */
  readonly retryAfter?: number | undefined
  /** What the answer means; absent: there was none, which says nothing about the refusals before it. */
  readonly meaning?: RefusalMeaning | undefined
}

/** A server that refuses for this long in one and the same way will not think better of it, ms. */
const LONG_REFUSED = 60_000
/** The most that the time before one refusal counts, so that it takes three of them at least. */
const LONGEST_COUNTED = LONG_REFUSED / 2
/** So many refusals of no known kind are enough once there is no access token. */
const ENOUGH_UNCLEAR = 2
/** The longest wait between the first and the second of them, ms. */
const SECOND_LOOK = 8_000
/** Where a person is needed: the shortest wait before something is sent that nobody asked for, ms. */
export const PERSON_DELAY = 15 * 60_000
/** The wait there before something is sent that the app itself asked for, ms. */
const ASKED_DELAY = 30_000

const NONE: Failure = { attempts: 0, delay: 0, beat: '' }

/**
 * What the record says after one more failure.
 * @param usable whether there is an access token to go on with
 * @param random in [0, 1)
 */
export function nextFailure(
  before = NONE,
  { error: { code, reason, status, error }, retryAfter, meaning }: Failed,
  usable: boolean,
  { at, beat, random }: { readonly at: EpochMs; readonly beat: string; readonly random: number },
): Failure {
  const cause: FailureCause = { code, reason, status, error }
  const { unclear = 0, refusedFor } = before
  const isUnclear = meaning === 'unclear'
  const isSilent = meaning === undefined
  const next = {
    ...before,
    attempts: before.attempts + 1,
    beat,
    at,
    // Where there was no answer, the refusal before it says more.
    cause: isSilent && refusedFor !== undefined ? before.cause : cause,
    refusedFor: isSilent ? refusedFor : longerRefused(before, cause, at),
    unclear: isUnclear ? unclear + 1 : unclear,
  }
  const personNeeded = meaning === 'person_needed' || needsPerson(next, usable)
  const wait = backOff(next.attempts, random, retryAfter)
  if (personNeeded) return { ...next, delay: Math.max(wait, Math.round(PERSON_DELAY * (1 + random / 5))), personNeeded }
  // Two refusals tell more than one: the second is not left to a back-off that an outage before made long.
  const isFirst = isUnclear && next.unclear < ENOUGH_UNCLEAR
  return { ...next, delay: isFirst ? Math.min(wait, SECOND_LOOK) : wait }
}

/** For how long the server has now been refusing because of `cause`. */
function longerRefused(before: Failure, cause: FailureCause, now: EpochMs): number {
  const { refusedFor, at = now, delay } = before
  if (refusedFor === undefined || !isSame(before.cause, cause)) return 0
  return refusedFor + Math.min(Math.max(delay, now - at), LONGEST_COUNTED)
}

/** Whether two errors tell a person the same. */
function isSame(a: FailureCause | undefined, b: FailureCause): boolean {
  return a?.reason === b.reason && a.status === b.status && a.error === b.error
}

/** Whether only the person can bring new tokens, as far as anyone can tell. `usable`: there is an access token to go on with. */
export function needsPerson(failure: Failure, usable: boolean): boolean {
  if (failure.personNeeded) return true
  if (usable) return false
  return (failure.unclear ?? 0) >= ENOUGH_UNCLEAR || (failure.refusedFor ?? 0) >= LONG_REFUSED
}

/** What is left of the back-off, ms. `waited`: for how long this context has seen it; `asked`: the app itself wants new tokens. */
export function backOffRest(failure: Failure, now: EpochMs, waited: number, asked = false): number {
  const { at = now, personNeeded } = failure
  const delay = personNeeded && asked ? ASKED_DELAY : failure.delay
  return at > now + CLOCK_STEP ? 0 : delay - Math.max(now - at, waited)
}

const NOBODY_KNOWS: FailureCause = { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'throttled' }

/** Why there is no new token, for whoever hears of it later. `retryAt`: by default when the back-off is over on the wall clock. */
export function errorOf(failure: Failure, usable: boolean, retryAt = endOf(failure)): TokenManagerError {
  const { cause = NOBODY_KNOWS, unclear = 0 } = failure
  const { code, reason, status, error } = cause
  const details = { status, error, retryAt }
  const isDead = unclear >= ENOUGH_UNCLEAR && reason === 'server_refused' && needsPerson(failure, usable)
  if (!isDead) return new TokenManagerError(code, reason, undefined, details)
  const what = 'The server keeps refusing the refresh token'
  return new TokenManagerError('ERR_GRANT_REJECTED', reason, what, details)
}

function endOf({ at, delay }: Failure): EpochMs | undefined {
  return at && at + delay
}

/** The error of a refusal after which the person has to sign in. */
export function personNeeded({ status, error }: TokenManagerError): TokenManagerError {
  const what = 'The server wants the person to sign in again'
  return new TokenManagerError('ERR_GRANT_REJECTED', 'interaction_required', what, { status, error })
}

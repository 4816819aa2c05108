import { TokenManagerError, type TokenManagerErrorCode, type TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { RefusalMeaning } from '../protocol/failure.ts'
import { backOff, CLOCK_STEP } from './schedule.ts'

/** The parts of an error that the record keeps. */
export interface FailureCause {
  readonly code: TokenManagerErrorCode
  readonly reason: TokenManagerErrorReason
  readonly status?: number | undefined
  readonly error?: string | undefined
}

/**
 * The refreshes that have failed since the last success, and the back-off that all contexts share. The back-off ends when the wall clock has passed
 * `at + delay`, when it was set back before `at`, or when a context has waited for `delay` on its own clock.
 */
export interface Failure {
  readonly attempts: number
  readonly delay: number
  /** A random text, which is different for each failure. */
  readonly beat: string
  /** When the failure was written. Absent in records of earlier versions. */
  readonly at?: EpochMs | undefined
  /** The last refusal of the server. If it has not refused yet, the last failure. */
  readonly cause?: FailureCause | undefined
  /** For how long the server has refused with the same error, in milliseconds. Absent if it has not refused. */
  readonly refusedFor?: number | undefined
  /** How many refusals had no known meaning. */
  readonly unclear?: number | undefined
  /** Whether probably only a new sign-in can bring new tokens. */
  readonly personNeeded?: boolean | undefined
}

/** A refresh that failed. */
export interface Failed {
  readonly error: TokenManagerError
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter?: number | undefined
  /** What the answer means. Absent if there was no answer; earlier refusals then still count. */
  readonly meaning?: RefusalMeaning | undefined
}

/** If a server refuses with the same error for this time, in milliseconds, it will not accept the refresh token any more. */
const LONG_REFUSED = 60_000
/** The longest time between two refusals that is counted, so that at least three refusals are needed. */
const LONGEST_COUNTED = LONG_REFUSED / 2
/** How many refusals without a known meaning are enough if there is no valid access token. */
const ENOUGH_UNCLEAR = 2
/** The longest wait between the first and the second of them, in milliseconds. */
const SECOND_LOOK = 8_000
/** If a person is needed: the shortest wait before the next refresh in the background, in milliseconds. */
export const PERSON_DELAY = 15 * 60_000
/** If a person is needed: the wait before the next refresh that the app itself asks for, in milliseconds. */
const ASKED_DELAY = 30_000

const NONE: Failure = { attempts: 0, delay: 0, beat: '' }

/**
 * The entry in the record after one more failure.
 * @param usable whether there is an access token that is still valid
 * @param random a number from 0 to 1, without 1
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
    // If there was no answer now, the last refusal says more.
    cause: isSilent && refusedFor !== undefined ? before.cause : cause,
    refusedFor: isSilent ? refusedFor : longerRefused(before, cause, at),
    unclear: isUnclear ? unclear + 1 : unclear,
  }

  const personNeeded = meaning === 'person_needed' || needsPerson(next, usable)
  const wait = backOff(next.attempts, random, retryAfter)
  if (personNeeded) return { ...next, delay: Math.max(wait, Math.round(PERSON_DELAY * (1 + random / 5))), personNeeded }

  // After the first unclear refusal, the second try should come soon, even if an outage before it has made the back-off long.
  const isFirst = isUnclear && next.unclear < ENOUGH_UNCLEAR
  return { ...next, delay: isFirst ? Math.min(wait, SECOND_LOOK) : wait }
}

/** For how long the server has refused because of `cause`, in milliseconds. */
function longerRefused(before: Failure, cause: FailureCause, now: EpochMs): number {
  const { refusedFor, at = now, delay } = before
  if (refusedFor === undefined || !isSame(before.cause, cause)) return 0
  return refusedFor + Math.min(Math.max(delay, now - at), LONGEST_COUNTED)
}

/** Whether two errors have the same meaning. */
function isSame(a: FailureCause | undefined, b: FailureCause): boolean {
  return a?.reason === b.reason && a.status === b.status && a.error === b.error
}

/** Whether probably only a new sign-in can bring new tokens. `usable`: whether there is an access token that is still valid. */
export function needsPerson(failure: Failure, usable: boolean): boolean {
  if (failure.personNeeded) return true
  if (usable) return false

  return (failure.unclear ?? 0) >= ENOUGH_UNCLEAR || (failure.refusedFor ?? 0) >= LONG_REFUSED
}

/**
 * How long the back-off still lasts, in milliseconds.
 * @param waited for how long this context has seen it
 * @param asked whether the app itself has called `refresh()`
 */
export function backOffRest(failure: Failure, now: EpochMs, waited: number, asked = false): number {
  const { at = now, personNeeded } = failure
  const delay = personNeeded && asked ? ASKED_DELAY : failure.delay
  return at > now + CLOCK_STEP ? 0 : delay - Math.max(now - at, waited)
}

const NOBODY_KNOWS: FailureCause = { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'throttled' }

/** The error for calls during the back-off. `retryAt`: default the end of the back-off on the wall clock. */
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

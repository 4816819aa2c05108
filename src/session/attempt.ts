import type { TokenAnswer } from '../protocol/token-set.ts'
import type { Moment } from './moment.ts'
import type { RefreshOutcome } from './outcome.ts'
import type { SessionRecord } from './record.ts'

/** The right of this context to send the refresh token. */
export interface Claim {
  /** The record, as it was written with the claim in it. */
  readonly record: SessionRecord
  readonly owner: string
  /** The moment just before the write. The age of the claim is counted from it. */
  readonly began: Moment
  /** When the refresh token was sent, on the monotonic clock, and whether there was a network at that time. */
  readonly sent?: { readonly at: number; readonly online: boolean }
  /** The result of the first request, if this claim is for the second one. */
  readonly lost?: TokenAnswer
}

/** The next step of a refresh. */
export type Attempt =
  /** Read the record. A refresh begins with this, and repeats it while another context may have sent the refresh token. */
  | { readonly step: 'look' }
  | { readonly step: 'claim'; readonly seen: SessionRecord }
  | { readonly step: 'send'; readonly claim: Claim }
  /** The answer to the first request was lost. */
  | { readonly step: 'send_again'; readonly claim: Claim; readonly lost: TokenAnswer }
  | { readonly step: 'conclude'; readonly claim: Claim; readonly answer: TokenAnswer }
  /** Remove the claim, and read the record again. */
  | { readonly step: 'release'; readonly claim: Claim }

/** What follows a step: another step, or the outcome. */
export type Next = Attempt | RefreshOutcome

/** The state of a refresh. The lock can be lost while it runs. */
export interface Hold {
  /** Whether this context holds a lock that all users of the store share. */
  locked: boolean
  attempt: Attempt
}

/** The first step. */
export const LOOK: Attempt = { step: 'look' }

/** The step that follows the answer to `claim`. `mayBeginAgain`: whether there may be another claim if nothing was sent. */
export function answered(claim: Claim, answer: TokenAnswer, isOnline: boolean, mayBeginAgain: boolean): Attempt {
  const { record, lost } = claim
  const isUnsent = answer.kind === 'unsent'
  if (lost) return { step: 'conclude', claim, answer: isUnsent ? lost : answer }
  if (isUnsent && mayBeginAgain) return { step: 'release', claim }

  const isLost = answer.kind === 'transient' && answer.lost && answer.error.status === undefined
  // If a refresh has failed before, or there is no network, the shared back-off decides when to try again.
  const isFirstFailure = isOnline && !record.failure
  if (isLost && isFirstFailure) return { step: 'send_again', claim, lost: answer }
  return { step: 'conclude', claim, answer }
}

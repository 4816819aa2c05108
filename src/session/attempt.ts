import type { TokenAnswer } from '../protocol/token-set.ts'
import type { Moment } from './moment.ts'
import type { RefreshOutcome } from './outcome.ts'
import type { SessionRecord } from './record.ts'

/** A refresh token this context may send. */
export interface Claim {
  /** As the claim's swap wrote it. */
  readonly record: SessionRecord
  readonly owner: string
  /** Just before the swap was called: the claim ages from then on. */
  readonly began: Moment
  /** When the refresh token left, on the monotonic clock, and whether there was a network then. */
  readonly sent?: { readonly at: number; readonly online: boolean }
  /** What was heard when it was sent before; absent: it was not. */
  readonly lost?: TokenAnswer
}

/** Where an attempt to refresh stands: what it does next, and with what. */
export type Attempt =
  /** Read the record: everything begins there, and while another context may have sent the refresh token, it stays there. */
  | { readonly step: 'look' }
  | { readonly step: 'claim'; readonly seen: SessionRecord }
  | { readonly step: 'send'; readonly claim: Claim }
  /** The answer to the first request was lost. */
  | { readonly step: 'send_again'; readonly claim: Claim; readonly lost: TokenAnswer }
  | { readonly step: 'conclude'; readonly claim: Claim; readonly answer: TokenAnswer }
  /** Let go of the claim, and look again. */
  | { readonly step: 'release'; readonly claim: Claim }

/** What comes after a step: another one, or the end. */
export type Next = Attempt | RefreshOutcome

/** What an attempt rests on, which can be lost while it is under way. */
export interface Hold {
  /** Whether it is under a lock that spans the store. */
  locked: boolean
  attempt: Attempt
}

/** The beginning. */
export const LOOK: Attempt = { step: 'look' }

/** What an answer to `claim` asks for. `mayBeginAgain`: with another claim, where this one was not sent. */
export function answered(claim: Claim, answer: TokenAnswer, isOnline: boolean, mayBeginAgain: boolean): Attempt {
  const { record, lost } = claim
  const isUnsent = answer.kind === 'unsent'
  if (lost) return { step: 'conclude', claim, answer: isUnsent ? lost : answer }
  if (isUnsent && mayBeginAgain) return { step: 'release', claim }

  const isLost = answer.kind === 'transient' && answer.lost && answer.error.status === undefined
  // In an outage that lasts, the shared back-off is the wait before the next try.
  const isFirstFailure = isOnline && !record.failure
  if (isLost && isFirstFailure) return { step: 'send_again', claim, lost: answer }
  return { step: 'conclude', claim, answer }
}

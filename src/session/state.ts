import type { SignedOutReason, TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/token-set.ts'
import { errorOf, needsPerson } from './failure.ts'
import { hasAccessToken, type SessionRecord, supersedes } from './record.ts'

/** What an app shows of the person's session. */
export interface SessionView {
  /** `sub` of the ID token; absent without OpenID Connect. Unique only together with the issuer. */
  readonly subject?: string | undefined
  /** The checked claims of the ID token; absent without OpenID Connect. */
  readonly claims?: IdTokenClaims | undefined
  /** The granted scope, space-separated, as far as the server's answers say it. If each API has its own scope, an answer names only that one. */
  readonly scope: string
  /** When the person signed in. */
  readonly signedInAt: EpochMs
  /** When `maxAge` ends the session; absent without that option. */
  readonly maxAgeAt?: EpochMs | undefined
  /** The path of `signIn({ returnTo })`, on the page that completed this sign-in. */
  readonly returnTo?: string | undefined
}

/**
 * The state of the session. It is immutable, and stays the same object until something changes that a person could see. A refresh does not
 * change it.
 *
 * | `health` of `signedIn` | meaning |
 * | --- | --- |
 * | `ok` | all is well |
 * | `suspended` | there is no usable access token for now (`cause`, `retryAt`). It tries again by itself |
 * | `sign_in_suggested` | only a new sign-in can help (`cause`), or the session will end with its access token. Offer `signIn()`. It still tries about every 15 minutes (`retryAt`) |
 */
export type SessionState =
  | { readonly status: 'loading' }
  | {
      readonly status: 'signedOut'
      /** Why nobody is signed in. */
      readonly reason: SignedOutReason
      /** The error, if there was one. */
      readonly error?: TokenManagerError | undefined
      /** After a failed sign-in: the `returnTo` of that `signIn()`. Pass it to the next one. */
      readonly returnTo?: string | undefined
    }
  | {
      readonly status: 'signedIn'
      /** Who is signed in, and what is known of them. */
      readonly session: SessionView
      /** Whether the session has a usable token. */
      readonly health: 'ok' | 'suspended' | 'sign_in_suggested'
      /** Why `health` is not `ok`. */
      readonly cause?: TokenManagerError | undefined
      /** When it tries again, epoch milliseconds. */
      readonly retryAt?: EpochMs | undefined
    }

/** A sign-in, as a change of the record. */
export type SignInChange = (record: SessionRecord | undefined) => { readonly next: SessionRecord }

/** What one context has in memory. */
export interface Held {
  readonly state: SessionState
  /** The record that was last known. It has tokens only if `state` is `signedIn`. */
  readonly record?: SessionRecord | undefined
  /** The number of the read or write that gave `record`. An older one does not replace it. */
  readonly order: number
  /** A sign-in that could not be stored yet. Records of other grants in the store are older. */
  readonly unsaved?: SignInChange | undefined
  /**
   * The last grant that this context has ended or has seen end. It does not come back, even if the store still has it or loses its end,
   * unless `still` gives false.
   */
  readonly ended?: Pick<Extract<SessionEvent, { type: 'ended' }>, 'grantId' | 'reason' | 'still'>
}

/** What can happen to a session. The event of a failed refresh names the record it began from, so that a late one does no harm. */
export type SessionEvent =
  /** The record was read or written. `own`: this context has written it, or tried to (with `unsaved`). */
  | {
      readonly type: 'read'
      readonly record: SessionRecord | undefined
      readonly order: number
      readonly own?: boolean
      readonly unsaved?: SignInChange
      readonly returnTo?: string | undefined
    }
  | {
      readonly type: 'refresh_failed'
      readonly from: SessionRecord
      readonly error: TokenManagerError
      readonly usable: boolean
    }
  /** The session has ended in this context, whatever the store has. */
  | {
      readonly type: 'ended'
      readonly grantId: string
      readonly reason: SignedOutReason
      readonly error?: TokenManagerError | undefined
      /** Whether the reason also holds for the record that the store has. Default: it does. */
      readonly still?: ((record: SessionRecord) => boolean) | undefined
    }
  /** There is no session, for a reason that is not in a record. */
  | {
      readonly type: 'none'
      readonly reason: 'sign_in_failed' | 'storage_lost' | 'incompatible_version'
      readonly error?: TokenManagerError
      readonly returnTo?: string | undefined
    }

/** What has to be done after an event, in this order. */
export type SessionEffect =
  /** Call the subscribers. */
  | 'notify'
  /** Set the timers again, because the access tokens or their limits have changed. */
  | 'arm'
  /** Write the session, or its end, back to the store, which has lost it. */
  | 'storage_lost'
  /** Another person is signed in now. */
  | 'user_changed'
  /** Another context refreshed. */
  | 'adopted'
  /** Revoke the tokens in the outbox. */
  | 'drain'
  /** End the session for every context, because its key is gone. */
  | 'key_lost'

/** The state before anything was read. */
export const LOADING: Held = { state: { status: 'loading' }, order: -1 }

type Next = readonly [Held, SessionEffect[]]

/**
 * Computes the next state of a session. It is a pure function, and the state changes in no other way.
 * @param now what the wall clock shows. Default: no access token counts as expired
 */
export function transition(
  held: Held,
  event: SessionEvent,
  maxAge?: number,
  now: EpochMs = 0,
): readonly [Held, readonly SessionEffect[]] {
  switch (event.type) {
    case 'read':
      return event.record ? known(held, event.record, event, maxAge, now) : vanished(held, event.order)
    case 'refresh_failed':
      return failed(held, event)
    case 'ended':
      if (isLive(held) && held.record?.grantId !== event.grantId) return [held, []]
      return signedOut({ ...held, unsaved: undefined, ended: event }, event.reason, event.error)
    case 'none':
      return none(held, event)
  }
}

function known(
  held: Held,
  record: SessionRecord,
  event: Extract<SessionEvent, { type: 'read' }>,
  maxAge: number | undefined,
  now: EpochMs,
): Next {
  const current = held.record
  const isAhead = current && supersedes(record, current)
  const isBehind = current && supersedes(current, record)
  // The store has an older record: it has lost a sign-in, a sign-out or a refresh. The old refresh token must not be sent again.
  if (isBehind) return [held, event.order > held.order ? ['storage_lost'] : []]

  const isLate = event.order < held.order && !isAhead
  const isOther = record.grantId !== current?.grantId && !isAhead
  const isForeign = held.unsaved && isOther && (!event.own || record.signedOut)
  const hasEnded = !record.signedOut && knownEnd(held, record)
  const isNothing = isLate || isForeign || hasEnded
  if (isNothing) return [held, []]

  const next = { ...held, record, order: Math.max(event.order, held.order), unsaved: event.unsaved }
  const isNews = isLive(held) && !event.own
  const drain: SessionEffect[] = record.outbox.length ? ['drain'] : []

  if (!record.signedOut) {
    const [after, effects] = signedIn(held, next, maxAge, now, event.returnTo)
    const isRefreshed = isAhead && record.grantId === current.grantId
    if (isRefreshed && isNews) effects.push('adopted')
    return [after, effects.concat(drain)]
  }

  const wasKnown = !isLive(held) && !isUnread(held)
  if (wasKnown) return [next, drain]

  const { reason } = record.signedOut
  const ended = { grantId: record.grantId, reason }
  const told = isNews && reason === 'signed_out' ? 'signed_out_elsewhere' : reason
  const [after, effects] = signedOut({ ...next, ended }, told)
  return [after, effects.concat(drain)]
}

/**
 * How the session of `record` has ended, if this context knows of an end. A limit may have passed here while the store failed, although another
 * context used the session. Then it has not ended.
 */
export function knownEnd({ ended }: Held, record: SessionRecord): Held['ended'] {
  const isEnded = record.grantId === ended?.grantId && ended.still?.(record) !== false
  return isEnded ? ended : undefined
}

function vanished(held: Held, order: number): Next {
  if (order < held.order) return [held, []]
  if (isLive(held)) return [held, held.unsaved ? [] : ['storage_lost']]
  return isUnread(held) ? signedOut({ ...held, order }, 'none') : [held, []]
}

function none(held: Held, { reason, error, returnTo }: Extract<SessionEvent, { type: 'none' }>): Next {
  const { state } = held
  // With this order, no record that is read later counts, because this version cannot understand it.
  if (reason === 'incompatible_version') return signedOut({ ...held, order: Infinity }, reason)
  // A step-up has failed. The session goes on, and the person goes back to where the step-up began.
  if (state.status === 'signedIn' && returnTo !== undefined)
    return [{ ...held, state: { ...state, session: { ...state.session, returnTo } } }, ['notify']]

  const stays = isLive(held) || (reason === 'storage_lost' && state.status !== 'loading')
  return stays ? [held, []] : signedOut(held, reason, error, returnTo)
}

function signedIn(
  held: Held,
  next: Held & { readonly record: SessionRecord },
  maxAge: number | undefined,
  now: EpochMs,
  returnTo?: string,
): Next {
  const { state: before, record: current } = held
  const { record } = next
  const { claims, scope, signedInAt, refreshToken, doubt } = record
  const wasSignedIn = before.status === 'signedIn'
  const isSame = wasSignedIn && current?.grantId === record.grantId
  const isProgress = !isSame || record.generation > (current?.generation ?? 0)

  const session: SessionView = {
    subject: claims?.sub,
    claims: claims && shown(claims),
    scope,
    signedInAt,
    maxAgeAt: maxAge && signedInAt + maxAge,
    returnTo: returnTo ?? (isSame ? before.session.returnTo : undefined),
  }

  const isSpent = !refreshToken && doubt
  const otherwise = isProgress ? OK : before
  const condition: Condition = personWanted(record, hasAccessToken(record, now)) ?? (isSpent ? SPENT : otherwise)

  const [after, effects] = moved(next, { ...condition, status: 'signedIn', session })
  const isOther = wasSignedIn && !isSame && before.session.subject !== session.subject
  if (isProgress) effects.push('arm')
  if (isOther) effects.push('user_changed')
  return [after, effects]
}

function failed(held: Held, { from, error, usable }: Extract<SessionEvent, { type: 'refresh_failed' }>): Next {
  const { state, record } = held
  const isPresent = record?.grantId === from.grantId && record.generation === from.generation
  if (state.status !== 'signedIn' || !isPresent) return [held, []]

  const wanting = personWanted(record, usable)
  const isSpent = !record.refreshToken
  const condition: Condition = wanting ?? { health: 'suspended', cause: error, retryAt: error.retryAt }
  // Calls during the back-off do not change the state. Neither does a back-off whose cause is not known any more.
  const isNamelessWait = error.reason === 'throttled' && error.status === undefined
  const isSuspended = !usable || wanting !== undefined
  const isNothingNew = isSpent || !isSuspended || (isNamelessWait && condition.health === state.health)
  if (isNothingNew) return [held, ['arm']]
  const [after, effects] = moved(held, { ...condition, status: 'signedIn', session: state.session })
  effects.push('arm')
  return [after, effects]
}

/** `held` with the new `state`. If the new state is equal to the one before, the object stays the same. */
function moved(held: Held, state: SessionState): Next {
  const isNew = JSON.stringify(state) !== JSON.stringify(held.state)
  return isNew ? [{ ...held, state }, ['notify']] : [held, []]
}

/** The health of a session, and what belongs to it. */
type Condition = Pick<Extract<SessionState, { status: 'signedIn' }>, 'health' | 'cause' | 'retryAt'>

const OK: Condition = { health: 'ok' }
const SPENT: Condition = { health: 'sign_in_suggested' }

/** The condition of a session if only the person can help. `usable`: whether there is an access token that is still valid. */
function personWanted({ failure, refreshToken }: SessionRecord, usable: boolean): Condition | undefined {
  const isWanted = failure && refreshToken && needsPerson(failure, usable)
  if (!isWanted) return undefined
  const cause = errorOf(failure, usable)
  return { health: 'sign_in_suggested', cause, retryAt: cause.retryAt }
}

function signedOut(held: Held, reason: SignedOutReason, error?: TokenManagerError, returnTo?: string): Next {
  const { record } = held
  const [after, effects] = moved(held, { status: 'signedOut', reason, error, returnTo })
  // Memory keeps only the record of a sign-out, and no record with tokens.
  return [{ ...after, record: record?.signedOut && record }, effects.length ? ['notify', 'arm'] : []]
}

/** The claims without `nonce`, which has no meaning for the app. The record keeps it, to compare later ID tokens with it. */
function shown({ nonce: _, ...claims }: IdTokenClaims): IdTokenClaims {
  return claims as IdTokenClaims
}

const isLive = (held: Held): boolean => held.state.status === 'signedIn'

/** Whether nothing was read yet, or the store failed when it was to be read first. What is read then says whether somebody is signed in. */
function isUnread({ state }: Held): boolean {
  return state.status === 'loading' || (state.status === 'signedOut' && state.reason === 'storage_lost')
}

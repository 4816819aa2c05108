import type { SignedOutReason, TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/token-set.ts'
import { type SessionRecord, supersedes } from './record.ts'

/** What an app shows of the person's session. */
export interface SessionView {
  /** `sub` of the ID token; absent without OpenID Connect. Unique only together with the issuer. */
  readonly subject?: string
  /** Claims of the ID token, validated; absent without OpenID Connect. */
  readonly claims?: IdTokenClaims
  /** Scope of the grant, space-separated. */
  readonly scope: string
  /** When the person signed in. */
  readonly signedInAt: EpochMs
  /** When `maxAge` ends the session; absent without that option. */
  readonly maxAgeAt?: EpochMs
  /** What was given to `signIn({ returnTo })`, on the page that completed that sign-in. */
  readonly returnTo?: string
}

/**
 * The state of the session: immutable, and the same object until something a person could see has changed. A running
 * refresh is an event, not a state.
 *
 * `health` of a signed-in session: `ok`; `suspended`: no usable access token and the server cannot be reached or refuses for
 * now (`cause`, `retryAt`), it goes on by itself; `sign_in_suggested`: it will end when its access token does.
 */
export type SessionState =
  | { readonly status: 'loading' }
  | { readonly status: 'signedOut'; readonly reason: SignedOutReason; readonly error?: TokenManagerError }
  | {
      readonly status: 'signedIn'
      readonly session: SessionView
      readonly health: 'ok' | 'suspended' | 'sign_in_suggested'
      readonly cause?: TokenManagerError
      readonly retryAt?: EpochMs
    }

/** What one context knows. */
export interface Held {
  readonly state: SessionState
  /** The record last known; a living one exactly when `state` is `signedIn`. */
  readonly record?: SessionRecord
  /** The read or write `record` stems from; a later one wins. */
  readonly order: number
  /** The grant that ended here: whatever the store still says, it does not come back. */
  readonly ended?: string
}

/** What can happen to a session. An answer names the record it began from, so a late one is harmless. */
export type SessionEvent =
  | { readonly type: 'read'; readonly record: SessionRecord | undefined; readonly order: number }
  | { readonly type: 'newer_version' }
  | { readonly type: 'unreadable'; readonly error: TokenManagerError }
  | { readonly type: 'signed_in'; readonly record: SessionRecord; readonly order: number; readonly returnTo?: string }
  | { readonly type: 'committed'; readonly record: SessionRecord; readonly order: number }
  | { readonly type: 'refresh_failed'; readonly from: SessionRecord; readonly error: TokenManagerError; readonly usable: boolean }
  | { readonly type: 'ended'; readonly grantId: string; readonly reason: SignedOutReason; readonly error?: TokenManagerError }
  | { readonly type: 'sign_in_failed'; readonly error: TokenManagerError }

/** What has to be done about it, in this order. */
export type SessionEffect =
  /** Tell subscribers. */
  | 'notify'
  /** The access tokens or their limits changed: look at the timers again. */
  | 'arm'
  /** The store lost a session that lives here: write it back. */
  | 'write_back'
  /** Another person is signed in now. */
  | 'user_changed'
  /** Another context refreshed. */
  | 'adopted'
  /** Tokens wait for their revocation. */
  | 'drain'

/** The state before anything was read. */
export const LOADING: Held = { state: { status: 'loading' }, order: -1 }

type Next = readonly [Held, readonly SessionEffect[]]

/** The one place where the state of a session moves. Pure. */
export function transition(held: Held, event: SessionEvent, maxAge?: number): Next {
  switch (event.type) {
    case 'read':
      return event.record ? known(held, event.record, event.order, maxAge) : vanished(held, event.order)
    case 'newer_version':
      return signedOut({ ...held, order: Infinity }, 'incompatible_version')
    case 'unreadable':
      return held.state.status === 'loading' ? signedOut(held, 'storage_lost', event.error) : [held, []]
    case 'signed_in':
      return signedIn(held, event.record, event.order, maxAge, event.returnTo)
    case 'committed':
      return held.record?.grantId === event.record.grantId && isLive(held) && event.record.generation > held.record.generation
        ? signedIn(held, event.record, event.order, maxAge)
        : [held, []]
    case 'refresh_failed':
      return failed(held, event)
    case 'ended':
      if (isLive(held) && held.record?.grantId !== event.grantId) return [held, []]
      return signedOut({ ...held, ended: event.grantId }, event.reason, event.error)
    case 'sign_in_failed':
      return isLive(held) ? [held, []] : signedOut(held, 'sign_in_failed', event.error)
  }
}

function known(held: Held, record: SessionRecord, order: number, maxAge?: number): Next {
  const current = held.record
  if (record.signedOut) return buried(held, record, order)
  if (record.grantId === held.ended) return [held, []]
  if (order < held.order && !(current && supersedes(record, current))) return [held, []]
  if (current && isLive(held) && current.grantId === record.grantId && record.generation < current.generation)
    return [held, []]
  const [next, effects] = signedIn(held, record, Math.max(order, held.order), maxAge)
  const adopted = current && isLive(held) && supersedes(record, current)
  return [next, adopted ? [...effects, 'adopted'] : effects]
}

function buried(held: Held, record: SessionRecord, order: number): Next {
  const { record: current, state } = held
  if (order < held.order && !(current && supersedes(record, current))) return [held, []]
  const next = { ...held, record, order: Math.max(order, held.order) }
  const drain: SessionEffect[] = record.outbox.length ? ['drain'] : []
  if (state.status === 'signedOut') return [next, drain]
  const { reason = 'signed_out' } = record.signedOut ?? {}
  const seen = state.status === 'signedIn' && reason === 'signed_out' ? 'signed_out_elsewhere' : reason
  const [after, effects] = signedOut(next, seen)
  return [{ ...after, record }, [...effects, ...drain]]
}

function vanished(held: Held, order: number): Next {
  if (order < held.order) return [held, []]
  if (isLive(held)) return [held, ['write_back']]
  return held.state.status === 'loading' ? signedOut({ ...held, order }, 'none') : [held, []]
}

function signedIn(held: Held, record: SessionRecord, order: number, maxAge?: number, returnTo?: string): Next {
  const { state: before, record: current } = held
  const same = before.status === 'signedIn' && current?.grantId === record.grantId
  const progressed = !same || record.generation > (current?.generation ?? 0)
  const session = view(record, maxAge, returnTo ?? (same ? before.session.returnTo : undefined))
  const health = spent(record) ? 'sign_in_suggested' : same && !progressed ? before.health : 'ok'
  const unchanged = same && health === before.health && equal(session, before.session)
  const state = unchanged ? before : ({ status: 'signedIn', session, health } as const)
  const other = before.status === 'signedIn' && !same && before.session.subject !== session.subject
  const { ended, ...rest } = held
  return [
    { ...rest, state, record, order, ...(ended !== undefined && ended !== record.grantId && { ended }) },
    [
      ...(unchanged ? [] : (['notify'] as const)),
      ...(progressed ? (['arm'] as const) : []),
      ...(other ? (['user_changed'] as const) : []),
      ...(record.outbox.length ? (['drain'] as const) : []),
    ],
  ]
}

function failed(held: Held, { from, error, usable }: Extract<SessionEvent, { type: 'refresh_failed' }>): Next {
  const { state, record } = held
  if (state.status !== 'signedIn' || record?.grantId !== from.grantId || record.generation !== from.generation)
    return [held, []]
  if (usable || state.health === 'sign_in_suggested') return [held, ['arm']]
  const { session } = state
  const { retryAt } = error
  const next: SessionState = { status: 'signedIn', session, health: 'suspended', cause: error, ...(retryAt && { retryAt }) }
  return [{ ...held, state: next }, ['notify', 'arm']]
}

function signedOut({ record, ...held }: Held, reason: SignedOutReason, error?: TokenManagerError): Next {
  const state: SessionState = { status: 'signedOut', reason, ...(error && { error }) }
  const tomb = record?.signedOut ? { record } : {}
  return [{ ...held, ...tomb, state }, ['notify', 'arm']]
}

function view(record: SessionRecord, maxAge?: number, returnTo?: string): SessionView {
  const { claims, scope, signedInAt } = record
  return {
    ...(claims && { subject: claims.sub, claims }),
    ...{ scope, signedInAt },
    ...(maxAge !== undefined && { maxAgeAt: signedInAt + maxAge }),
    ...(returnTo !== undefined && { returnTo }),
  }
}

const isLive = (held: Held): boolean => held.state.status === 'signedIn'
const spent = (record: SessionRecord): boolean => record.refreshToken === undefined && record.doubt !== undefined
const equal = (a: SessionView, b: SessionView): boolean => JSON.stringify(a) === JSON.stringify(b)

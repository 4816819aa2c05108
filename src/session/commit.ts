import type { Target } from '../access-token.ts'
import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { TokenAnswer, TokenResponse } from '../protocol/token-set.ts'
import {
  type PendingRevocation,
  randomId,
  revocable,
  type SessionRecord,
  type StoredAccessToken,
  targetKey,
  tombstone,
  withAccessToken,
  withPending,
} from './record.ts'
import { offlineOr, outcomeUnknown, type RefreshOutcome } from './outcome.ts'
import { backOff, fraction } from './schedule.ts'
import { type Session, storeFailed } from './session.ts'

/** A refresh token this context may send. */
export interface Claim {
  /** As the claim's swap wrote it. */
  readonly record: SessionRecord
  readonly owner: string
  /** Just before the swap was called. */
  began: { elapsed: number; now: EpochMs }
  /** When the refresh token left, on the monotonic clock. */
  sentAt?: number
  attempt?: number
}

/** Turns the server's answer into what the record says from now on. */
export async function conclude(session: Session, claim: Claim, answer: TokenAnswer, target: Target): Promise<RefreshOutcome> {
  switch (answer.kind) {
    case 'tokens':
      return commit(session, claim, (record) => refreshed(session, claim, record, answer.response, target))
    case 'rejected':
      return reject(session, claim, answer.error)
    case 'invalid': {
      const { refreshToken, error } = answer
      if (error.reason === 'user_changed') return endForOther(session, claim, refreshToken, error)
      // The server rotated although the rest of its answer is useless: the new refresh token is the one that lives.
      if (refreshToken !== undefined) {
        await commit(session, claim, (record) => failedIn(session, { ...advanced(claim, record), refreshToken }, {}))
        return { outcome: 'failed', error }
      }
      return giveBack(session, claim, error, { lost: true })
    }
    case 'unsent': {
      const message = 'This context kept falling asleep before it could refresh. Try again.'
      return giveBack(session, claim, new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout', message))
    }
    case 'refused':
      return giveBack(session, claim, answer.error, {})
    case 'transient':
      return giveBack(session, claim, answer.error, answer)
  }
}

type Advance = (record: SessionRecord) => SessionRecord

/**
 * Commits only onto the generation it began from, whoever holds the lease by now. After a sign-out the new tokens are to be
 * revoked; after another context's commit they are dropped, for revoking could end the whole grant (RFC 7009 §2.1).
 */
async function commit(session: Session, claim: Claim, advance: Advance): Promise<RefreshOutcome> {
  let outcome = 'refreshed' as 'refreshed' | 'superseded' | 'signed_out'
  const change = (now: SessionRecord | undefined): SessionRecord | undefined => {
    const { record: from } = claim
    const at = session.platform.clock.now()
    const base = now ?? from
    outcome = 'signed_out'
    if (base.signedOut || base.grantId !== from.grantId)
      return { ...base, outbox: withPending(base.outbox, fresh(advance(from), from, at), at) }
    if (session.held.ended === from.grantId) return tombstone(base, { at, reason: 'signed_out' }, revocable(advance(base), at))
    outcome = 'superseded'
    if (base.generation !== from.generation) return base.lease?.owner === claim.owner ? withoutLease(base) : undefined
    outcome = 'refreshed'
    return advance(base)
  }
  try {
    const { record, order } = await session.update(change)
    if (record && outcome === 'refreshed') session.apply({ type: 'committed', record, order })
    else if (record) session.apply({ type: 'read', record, order })
    return outcome === 'refreshed' ? { outcome, attempt: claim.attempt ?? 1 } : { outcome }
  } catch (cause) {
    session.apply({ type: 'committed', record: advance(claim.record), order: session.held.order })
    session.emit('store_failed', { during: 'commit' })
    void keepTrying(session, claim, change)
    return { outcome: 'store_failed', error: storeFailed(cause), held: true }
  }
}

/** The store refused the new refresh token, which lives in memory alone: try until it is stored or replaced. */
async function keepTrying(session: Session, claim: Claim, change: (now?: SessionRecord) => SessionRecord | undefined) {
  for (let delay = 250; !session.closed; delay = Math.min(2 * delay, session.options.leaseTime / 3)) {
    await session.wait(delay)
    const written = await session.update(change).then(
      ({ record, order }) => (record && session.apply({ type: 'read', record, order }), true),
      () => false,
    )
    if (written) return
    // Whoever watches sees that the owner is alive, and does not take over with the old token.
    await session
      .update((now) =>
        now?.lease?.owner === claim.owner ? { ...now, lease: { ...now.lease, beat: now.lease.beat + 1 } } : undefined,
      )
      .catch(() => {})
  }
}

function refreshed(session: Session, claim: Claim, record: SessionRecord, response: TokenResponse, target: Target): SessionRecord {
  const { failure: _, doubt, ...next } = advanced(claim, record)
  const began = claim.sentAt ?? claim.began.elapsed
  const seenSince = doubt === undefined ? began : session.platform.clock.elapsed() - session.unchangedFor('doubt', doubt)
  // A request that was lost before may still arrive, so only a refresh that began after its limit clears the doubt.
  const doubtful = doubt !== undefined && began - seenSince <= session.options.requestTimeout
  const token = storedAccessToken(response, target.scope ?? record.scope, target.resource)
  return {
    ...next,
    ...(doubtful && { doubt }),
    refreshToken: response.refreshToken ?? (claim.record.refreshToken as string),
    accessTokens: withAccessToken(record.accessTokens, targetKey(target), token),
    ...(response.idToken !== undefined && { idToken: response.idToken }),
    ...(response.claims && { claims: { ...record.claims, ...response.claims } }),
    obtainedAt: response.obtainedAt,
  }
}

/** An answer's access token as the record keeps it. */
export function storedAccessToken(response: TokenResponse, scope: string, resource?: string): StoredAccessToken {
  const { accessToken, tokenType, obtainedAt, expiresAt } = response
  return {
    ...{ value: accessToken, type: tokenType, obtainedAt, scope: response.scope ?? scope },
    ...(expiresAt !== undefined && { expiresAt }),
    ...(resource !== undefined && { resource }),
  }
}

function advanced(claim: Claim, record: SessionRecord): SessionRecord {
  const next = { ...record, generation: record.generation + 1 }
  return record.lease?.owner === claim.owner ? withoutLease(next) : next
}

/** Only `invalid_grant` ends a grant, and only if it was about the refresh token that is stored now. */
async function reject(session: Session, claim: Claim, error: TokenManagerError): Promise<RefreshOutcome> {
  let outcome = 'adopted' as 'adopted' | 'outcome_unknown' | 'rejected'
  const { record, order } = await session.update((now) => {
    outcome = 'adopted'
    const { generation, grantId } = claim.record
    if (!now || now.signedOut || now.grantId !== grantId || now.generation !== generation) return undefined
    if (now.lease && now.lease.owner !== claim.owner) return undefined
    if (now.doubt !== undefined) {
      outcome = 'outcome_unknown'
      const { refreshToken: _, ...rest } = withoutLease(now)
      return rest
    }
    outcome = 'rejected'
    return tombstone(now, { at: session.platform.clock.now(), reason: 'rejected' }, [])
  })
  if (outcome === 'rejected') return { outcome, error }
  if (record) session.apply({ type: 'read', record, order })
  return outcome === 'adopted' ? { outcome: 'superseded' } : { outcome, error: outcomeUnknown() }
}

/** The answer was for another person: nothing of it is kept, and the old session ends (OpenID Connect Core §12.2). */
async function endForOther(
  session: Session,
  claim: Claim,
  refreshToken: string | undefined,
  error: TokenManagerError,
): Promise<RefreshOutcome> {
  const at = session.platform.clock.now()
  const added: PendingRevocation[] =
    refreshToken === undefined ? [] : [{ kind: 'refresh_token', token: refreshToken, addedAt: at }]
  await session.update((now) =>
    now && now.grantId === claim.record.grantId && !now.signedOut
      ? tombstone(now, { at, reason: 'user_changed' }, [...added, ...revocable(now, at)])
      : undefined,
  )
  return { outcome: 'user_changed', error }
}

/** Leaves the grant as it was, for whoever comes next, after the back-off that all contexts share. */
async function giveBack(
  session: Session,
  claim: Claim,
  error: TokenManagerError,
  failed?: { readonly lost?: boolean; readonly retryAfter?: number },
): Promise<RefreshOutcome> {
  const outcome = offlineOr(session, 'failed')
  const lost = failed?.lost === true && outcome !== 'offline'
  let delay = 0
  await session
    .update((now) => {
      if (now?.lease?.owner !== claim.owner || now.generation !== claim.record.generation) return undefined
      const rest = withoutLease(now)
      if (!failed || outcome === 'offline') return rest
      const next = failedIn(session, rest, failed)
      delay = next.failure?.delay ?? 0
      return lost ? { ...next, doubt: randomId(session.platform.crypto) } : next
    })
    .then(({ record, order }) => record && session.apply({ type: 'read', record, order }))
    .catch(() => session.emit('store_failed', { during: 'release' }))
  return { outcome, error: delay ? later(error, session.platform.clock.now() + delay) : error }
}

function failedIn(session: Session, record: SessionRecord, { retryAfter }: { readonly retryAfter?: number }): SessionRecord {
  const { crypto } = session.platform
  const attempts = (record.failure?.attempts ?? 0) + 1
  return { ...record, failure: { attempts, delay: backOff(attempts, fraction(crypto), retryAfter), beat: randomId(crypto) } }
}

function later(error: TokenManagerError, retryAt: EpochMs): TokenManagerError {
  const { code, reason, message, status, error: serverError, cause } = error
  return new TokenManagerError(code, reason, message, { status, error: serverError, retryAt, cause })
}

/** The tokens `next` has and `from` has not. */
function fresh(next: SessionRecord, from: SessionRecord, at: EpochMs): PendingRevocation[] {
  const known = new Set(revocable(from, -Infinity).map(({ token }) => token))
  return revocable(next, at).filter(({ token }) => !known.has(token))
}

function withoutLease({ lease: _, ...record }: SessionRecord): SessionRecord {
  return record
}

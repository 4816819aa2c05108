import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { StoredAccessToken, Target } from '../protocol/access-token.ts'
import type { RefusalMeaning } from '../protocol/failure.ts'
import { expiredOnArrival, type TokenAnswer, type TokenResponse } from '../protocol/token-set.ts'
import { type Claim, isSameGeneration, owns, released, withBeat, withDoubt } from './claim.ts'
import { errorOf, type Failed, nextFailure, personNeeded } from './failure.ts'
import { isUsable, offlineOr, outcomeUnknown, type RefreshOutcome, storeFailed } from './outcome.ts'
import {
  hasAccessToken,
  type PendingRevocation,
  randomId,
  revocable,
  type SessionRecord,
  tombstone,
  withAccessToken,
  withPending,
} from './record.ts'
import type { Change } from './record-writer.ts'
import { outboxBeside } from './replaced.ts'
import { fraction } from './schedule.ts'
import { lacking, union, unmet } from './scope.ts'
import type { Session } from './session.ts'
import { targetKey } from './target-key.ts'

/** What comes of the refresh, and what becomes of the record. */
type Conclusion = RefreshOutcome & { readonly next?: SessionRecord | undefined }

/** Turns the server's answer into what the record says from now on. */
export async function conclude(
  session: Session,
  claim: Claim,
  answer: TokenAnswer,
  target: Target,
): Promise<RefreshOutcome> {
  const giveBack = (error: TokenManagerError, failed?: Failed, lost?: boolean) =>
    leave(session, error, (now) => givenBack(session, claim, now, error, failed, lost))

  switch (answer.kind) {
    case 'tokens': {
      const { response } = answer
      const advance: Advance = (record) => refreshed(session, claim, record, response, target)
      const expired = expiredOnArrival(response, session.platform.clock.now())
      if (!expired) return commit(session, claim, advance)
      return useless(session, claim, { error: expired }, (record) => {
        const token = record.accessTokens[targetKey(target)]
        const next = advance(record)
        // What is still good is not lost to a token that is not.
        return isUsable(session, token) ? { ...next, accessTokens: record.accessTokens } : next
      })
    }
    case 'rejected':
      return reject(session, claim, answer.error)
    case 'invalid': {
      const { refreshToken, error } = answer
      if (error.code === 'ERR_SIGNED_OUT') return endFor(session, claim, refreshToken, error)
      const failed: Failed = { error, meaning: 'unclear' }
      if (!refreshToken) return giveBack(error, failed, true)
      // The server rotated although the rest of its answer is useless: the new refresh token is the one that lives.
      return useless(session, claim, failed, (record) => ({ ...advanced(claim, record), refreshToken }))
    }
    case 'refused':
      if (refusesTarget(session, target, answer.error)) return giveBack(answer.error)
      return refuse(session, claim, answer.error, answer.meaning)
    case 'unsent':
      return giveBack(new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout'))
    case 'transient':
      return giveBack(answer.error, answer, answer.lost)
  }
}

/** A refusal that ends no grant. */
async function refuse(
  session: Session,
  claim: Claim,
  error: TokenManagerError,
  meaning: RefusalMeaning = 'unclear',
): Promise<RefreshOutcome> {
  const isAboutToken = meaning === 'person_needed' || meaning === 'unclear'
  const told = meaning === 'person_needed' ? personNeeded(error) : error
  return leave(session, told, (now) => {
    const end = isAboutToken && isAbout(claim, now) ? givenUpInDoubt(now) : undefined
    return end ?? givenBack(session, claim, now, told, { error: told, meaning })
  })
}

/** Whether the server gives no such token, and goes on giving others: an error of this one request, and a lasting one. */
export function refusesTarget(
  { options, live }: Session,
  target: Target,
  error: TokenManagerError | undefined,
): boolean {
  const isOther = targetKey(target) !== targetKey(options.signInTarget)
  const isOfTarget = isOther || lacking(target.scope, live?.scope)
  return Boolean(isOfTarget) && /invalid_(target|scope)/.test(`${error?.reason}`)
}

type Advance = (record: SessionRecord) => SessionRecord

/** Keeps what is of use in an answer without a token that could be used, and lets everybody wait before the next try. */
async function useless(session: Session, claim: Claim, failed: Failed, advance: Advance): Promise<RefreshOutcome> {
  await commit(session, claim, (record) => {
    const next = advance(record)
    return failedIn(session, { ...next, failure: record.failure }, failed)
  })
  return { outcome: 'failed', error: toldBy(session, failed, session.live) }
}

/**
 * Commits only onto the generation it began from, whoever holds the lease by now. After a sign-out the new tokens are to be
 * revoked; after another context's commit they are dropped, for revoking could end the whole grant (RFC 7009 §2.1).
 */
async function commit(session: Session, claim: Claim, advance: Advance): Promise<RefreshOutcome> {
  const { record: from, lost } = claim
  const change: Change<Conclusion> = (now = from) => {
    const at = session.platform.clock.now()
    const isOver = now.signedOut || now.grantId !== from.grantId
    if (isOver) {
      const outbox = outboxAfter(session, now, from, newTokens(advance(from), from, at))
      return { next: { ...now, outbox }, outcome: 'signed_out' }
    }
    const { ended, state } = session.held
    if (ended === from.grantId) {
      const reason = state.status === 'signedOut' ? state.reason : 'signed_out'
      const next = tombstone(now, { at, reason }, revocable(advance(now), at))
      return { next, outcome: 'signed_out' }
    }
    if (now.generation > from.generation) return { next: released(claim, now), outcome: 'superseded' }

    // The storage was cleared, and a context that was behind wrote the session back: what it has is older.
    const isBehind = now.generation < from.generation
    const present = isBehind ? { ...from, outbox: now.outbox, revoked: now.revoked } : now
    return { next: advance(present), outcome: 'refreshed', attempt: lost ? 2 : 1 }
  }
  try {
    return await session.update(change)
  } catch (cause) {
    // In memory it is safe for as long as this context lives; nobody else hears of it before it is stored.
    session.apply({ type: 'read', record: advance(from), order: session.held.order, own: true })
    const commitOrShow = () =>
      session.update(change).catch(async (error) => {
        // Whoever watches sees that the owner is alive, and does not take over with the old token.
        await session.update((now) => ({ next: owns(claim, now) ? withBeat(now) : undefined }))
        throw error
      })
    return { outcome: 'store_failed', error: storeFailed(cause), held: session.retry(commitOrShow, 'commit') }
  }
}

function refreshed(
  session: Session,
  claim: Claim,
  record: SessionRecord,
  response: TokenResponse,
  target: Target,
): SessionRecord {
  const { doubt, doubtAt } = record
  const { clock } = session.platform
  const next = advanced(claim, record)
  const token = storedAccessToken(response, target.scope ?? record.scope, target.resource)
  const isMet = !unmet(target.scope, token.scope, record.requestedScope ?? record.scope)
  // A request that was lost before may still arrive, so only a refresh that began after its limit clears the doubt.
  const since = clock.elapsed() - session.unchangedFor('doubt', record)
  const sentAt = claim.sent?.at ?? 0
  const isOver = sentAt - since > session.options.requestTimeout
  return {
    ...next,
    failure: undefined,
    doubt: isOver ? undefined : doubt,
    doubtAt: isOver ? undefined : doubtAt,
    refreshToken: response.refreshToken ?? claim.record.refreshToken,
    accessTokens: withAccessToken(record.accessTokens, targetKey(target), { ...token, generation: next.generation }),
    idToken: response.idToken ?? record.idToken,
    claims: response.claims ? { ...record.claims, ...response.claims } : record.claims,
    obtainedAt: response.obtainedAt,
    scope: isMet ? union(record.scope, target.scope) : record.scope,
  }
}

/** An answer's access token as the record keeps it. */
export function storedAccessToken(response: TokenResponse, scope: string, resource?: string): StoredAccessToken {
  const { accessToken, tokenType, obtainedAt, expiresAt } = response
  return { value: accessToken, type: tokenType, obtainedAt, expiresAt, scope: response.scope ?? scope, resource }
}

function advanced(claim: Claim, record: SessionRecord): SessionRecord {
  return { ...(released(claim, record) ?? record), generation: record.generation + 1 }
}

/** The outbox of `now`, in which the grant of `from` is over, with what came of that too late. What was signed out stays signed out. */
function outboxAfter(
  { options, platform }: Session,
  now: SessionRecord,
  from: SessionRecord,
  late: readonly PendingRevocation[],
): readonly PendingRevocation[] {
  const at = platform.clock.now()
  if (now.signedOut) return withPending(now.outbox, now.signedOut.kept ? [] : late, at)
  const { grantId, claims } = from
  const wasSignedOut = now.revoked?.[grantId] || now.outbox.some((entry) => entry.grantId === grantId)
  return outboxBeside(now, claims, late, { at, revokeReplaced: Boolean(wasSignedOut) || options.revokeReplaced })
}

/** Only `invalid_grant` ends a grant, and only if it was about the refresh token that is stored now. */
async function reject(session: Session, claim: Claim, error: TokenManagerError): Promise<RefreshOutcome> {
  const at = session.platform.clock.now()
  return session.update((now): Conclusion => {
    if (!isAbout(claim, now)) return { outcome: 'superseded', error }
    const next = tombstone(now, { at, reason: 'rejected' }, [])
    return givenUpInDoubt(now) ?? { next, outcome: 'rejected', error }
  })
}

/** After a lost answer: the request may have spent the refresh token, which is dead then, in whatever words it is refused. */
function givenUpInDoubt(now: SessionRecord): Conclusion | undefined {
  if (!now.doubt) return undefined
  return { next: withoutToken(now), outcome: 'outcome_unknown', error: outcomeUnknown() }
}

/** Whether an answer to `claim` is about what is stored now, and about nobody else's request. */
function isAbout(claim: Claim, now: SessionRecord | undefined): now is SessionRecord {
  return isSameGeneration(now, claim.record) && (!now.lease || owns(claim, now))
}

/** The grant and its generation stay, so that a late commit still fits. */
function withoutToken(record: SessionRecord): SessionRecord {
  return { ...record, lease: undefined, refreshToken: undefined }
}

/**
 * The answer was for another person (OpenID Connect Core §12.2), or the key is gone (RFC 9449 §5): nothing is kept, and the session
 * ends.
 */
async function endFor(
  session: Session,
  { record }: Claim,
  refreshToken: string | undefined,
  error: TokenManagerError,
): Promise<RefreshOutcome> {
  const at = session.platform.clock.now()
  const reason = error.reason as 'user_changed' | 'dpop_key_lost'
  const added = revocable({ ...record, refreshToken, accessTokens: {} }, at)
  const change: Change = (now = record) => {
    const lives = now.grantId === record.grantId && !now.signedOut
    if (!lives) return { next: { ...now, outbox: withPending(now.outbox, added, at) } }
    return { next: tombstone(now, { at, reason }, [...added, ...revocable(now, at)]) }
  }
  await session.update(change).catch(() => {
    // Over here at once, and everywhere as soon as the storage takes it.
    session.apply({ type: 'ended', grantId: record.grantId, reason, error })
    void session.retry(() => session.update(change), 'sign_out')
  })
  return { outcome: reason, error }
}

/** Leaves the grant to whoever comes next, as `decide` says. A storage that refuses changes nothing for the caller. */
async function leave(
  session: Session,
  error: TokenManagerError,
  decide: Change<Conclusion>,
): Promise<RefreshOutcome> {
  try {
    return await session.update(decide)
  } catch {
    session.emit('store_failed', { during: 'release' })
    return { outcome: offlineOr(session, 'failed'), error }
  }
}

/**
 * The grant as it was, without the claim, and with the back-off that all contexts share.
 * @param failed absent: nothing that others have to wait for
 * @param lost the server may have processed the request all the same
 */
function givenBack(
  session: Session,
  claim: Claim,
  now: SessionRecord | undefined,
  error: TokenManagerError,
  failed?: Failed,
  lost = false,
): Conclusion {
  const outcome = offlineOr(session, 'failed')
  const free = released(claim, now)
  if (!free || !failed) return { next: free, outcome, error }

  const isCurrent = free.generation === claim.record.generation
  // A server that fails does so for every generation; what it refused may be this one's alone.
  const counts = outcome !== 'offline' && (isCurrent || !failed.meaning)
  const next = counts ? failedIn(session, free, failed) : free
  const isInDoubt = lost && claim.sent?.online && isCurrent
  return {
    next: isInDoubt ? withDoubt(session, next) : next,
    outcome,
    error: outcome === 'offline' ? error : toldBy(session, failed, next),
  }
}

/** What the caller is told of a failure that `record` holds. */
function toldBy(
  { platform: { clock } }: Session,
  { error, meaning }: Failed,
  record: SessionRecord | undefined,
): TokenManagerError {
  if (!record?.failure) return error
  const told = errorOf(record.failure, hasAccessToken(record, clock.now()))
  // After the second refusal of one kind there is more to say than of the first.
  return meaning && told.code !== error.code ? told : Object.assign(error, { retryAt: told.retryAt })
}

function failedIn({ platform }: Session, record: SessionRecord, failed: Failed): SessionRecord {
  const { clock, crypto } = platform
  const at = clock.now()
  const chance = { at, beat: randomId(crypto), random: fraction(crypto) }
  return { ...record, failure: nextFailure(record.failure, failed, hasAccessToken(record, at), chance) }
}

/** The tokens `next` has and `from` has not. */
function newTokens(next: SessionRecord, from: SessionRecord, at: EpochMs): PendingRevocation[] {
  const known = new Set(revocable(from, -Infinity).map(({ token }) => token))
  return revocable(next, at).filter(({ token }) => !known.has(token))
}

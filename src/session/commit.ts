import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { StoredAccessToken, Target } from '../protocol/access-token.ts'
import type { RefusalMeaning } from '../protocol/failure.ts'
import { expiredOnArrival, type TokenAnswer, type TokenResponse } from '../protocol/token-set.ts'
import { type Claim, withBeat } from './claim.ts'
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
import { outboxBeside } from './replaced.ts'
import { fraction } from './schedule.ts'
import { lacking, union, unmet } from './scope.ts'
import type { Change, Session } from './session.ts'
import { targetKey } from './target-key.ts'

/** Turns the server's answer into what the record says from now on. */
export async function conclude(
  session: Session,
  claim: Claim,
  answer: TokenAnswer,
  target: Target,
): Promise<RefreshOutcome> {
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
      if (refreshToken === undefined) return giveBack(session, claim, error, failed, true)
      // The server rotated although the rest of its answer is useless: the new refresh token is the one that lives.
      return useless(session, claim, failed, (record) => ({ ...advanced(claim, record), refreshToken }))
    }
    case 'refused':
      return refuse(session, claim, answer.error, answer.meaning, target)
    case 'unsent':
      return giveBack(session, claim, new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'coordination_timeout'))
    case 'transient':
      return giveBack(session, claim, answer.error, answer, answer.lost)
  }
}

/** A refusal that ends no grant. */
async function refuse(
  session: Session,
  claim: Claim,
  error: TokenManagerError,
  meaning: RefusalMeaning = 'unclear',
  target: Target,
): Promise<RefreshOutcome> {
  if (refusesTarget(session, target, error)) return giveBack(session, claim, error)
  const isAboutToken = meaning === 'person_needed' || meaning === 'unclear'
  const end = isAboutToken ? await giveUpInDoubt(session, claim) : undefined
  if (end) return end
  const told = meaning === 'person_needed' ? personNeeded(error) : error
  return giveBack(session, claim, told, { error: told, meaning })
}

/** Whether the server gives no such token, and goes on giving others: an error of this one request, and a lasting one. */
export function refusesTarget(
  { options, live }: Session,
  target: Target,
  error: TokenManagerError | undefined,
): boolean {
  const isOther = targetKey(target) !== targetKey(options.signInTarget)
  const wasNeverGiven = lacking(target.scope, live?.scope) !== undefined
  return /invalid_(target|scope)/.test(`${error?.reason}`) && (isOther || wasNeverGiven)
}

type Advance = (record: SessionRecord) => SessionRecord

/** Keeps what is of use in an answer without a token that could be used, and lets everybody wait before the next try. */
async function useless(session: Session, claim: Claim, failed: Failed, advance: Advance): Promise<RefreshOutcome> {
  await commit(session, claim, (record) => {
    const next = advance(record)
    return failedIn(session, { ...next, failure: record.failure }, failed)
  })
  return { outcome: 'failed', error: toldBy(session, failed.error, failed, session.live) }
}

/**
 * Commits only onto the generation it began from, whoever holds the lease by now. After a sign-out the new tokens are to be
 * revoked; after another context's commit they are dropped, for revoking could end the whole grant (RFC 7009 §2.1).
 */
async function commit(session: Session, claim: Claim, advance: Advance): Promise<RefreshOutcome> {
  const { record: from, owner } = claim
  let outcome = 'refreshed' as 'refreshed' | 'superseded' | 'signed_out'
  const change: Change = (now = from) => {
    const at = session.platform.clock.now()
    outcome = 'signed_out'
    if (now.signedOut || now.grantId !== from.grantId)
      return { ...now, outbox: outboxAfter(session, now, from, newTokens(advance(from), from, at)) }
    const { ended, state } = session.held
    if (ended === from.grantId) {
      const reason = state.status === 'signedOut' ? state.reason : 'signed_out'
      return tombstone(now, { at, reason }, revocable(advance(now), at))
    }
    outcome = 'superseded'
    if (now.generation > from.generation) return now.lease?.owner === owner ? { ...now, lease: undefined } : undefined
    outcome = 'refreshed'
    // The storage was cleared, and a context that was behind wrote the session back: what it has is older.
    return advance(now.generation < from.generation ? { ...from, outbox: now.outbox, revoked: now.revoked } : now)
  }
  try {
    await session.update(change)
    return { outcome, attempt: claim.attempt }
  } catch (cause) {
    // In memory it is safe for as long as this context lives; nobody else hears of it before it is stored.
    session.apply({ type: 'read', record: advance(from), order: session.held.order, own: true })
    const beat: Change = (now) => (now?.lease?.owner === owner ? withBeat(now) : undefined)
    const held = session.retry(
      () =>
        session.update(change).catch(async (error) => {
          // Whoever watches sees that the owner is alive, and does not take over with the old token.
          await session.update(beat)
          throw error
        }),
      'commit',
    )
    return { outcome: 'store_failed', error: storeFailed(cause), held }
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
  const { sentAt = 0 } = claim
  const { clock } = session.platform
  const next = advanced(claim, record)
  const token = storedAccessToken(response, target.scope ?? record.scope, target.resource)
  const isMet = !unmet(target.scope, token.scope, record.requestedScope ?? record.scope)
  // A request that was lost before may still arrive, so only a refresh that began after its limit clears the doubt.
  const since = clock.elapsed() - session.unchangedFor('doubt', record)
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

function advanced({ owner }: Claim, record: SessionRecord): SessionRecord {
  const lease = record.lease?.owner === owner ? undefined : record.lease
  return { ...record, generation: record.generation + 1, lease }
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
  const wasSignedOut = now.revoked?.[grantId] !== undefined || now.outbox.some((entry) => entry.grantId === grantId)
  return outboxBeside(now, claims, late, { at, revokeReplaced: wasSignedOut || options.revokeReplaced })
}

/** Only `invalid_grant` ends a grant, and only if it was about the refresh token that is stored now. */
async function reject(session: Session, claim: Claim, error: TokenManagerError): Promise<RefreshOutcome> {
  const at = session.platform.clock.now()
  const { written, record } = await session.update((now) => {
    if (!isAbout(claim, now)) return undefined
    return now.doubt === undefined ? tombstone(now, { at, reason: 'rejected' }, []) : withoutToken(now)
  })
  if (!written) return { outcome: 'superseded', error }
  return record?.signedOut ? { outcome: 'rejected', error } : { outcome: 'outcome_unknown', error: outcomeUnknown() }
}

/** Another refusal of the refresh token: it may have been spent by the request whose answer was lost, and is dead in whatever words. */
async function giveUpInDoubt(session: Session, claim: Claim): Promise<RefreshOutcome | undefined> {
  const { written } = await session.update((now) =>
    isAbout(claim, now) && now.doubt !== undefined ? withoutToken(now) : undefined,
  )
  return written ? { outcome: 'outcome_unknown', error: outcomeUnknown() } : undefined
}

/** Whether an answer to `claim` is about what is stored now, and about nobody else's request. */
function isAbout({ record, owner }: Claim, now: SessionRecord | undefined): now is SessionRecord {
  if (!now || now.signedOut || now.grantId !== record.grantId || now.generation !== record.generation) return false
  return now.lease === undefined || now.lease.owner === owner
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
  const change: Change = (now = record) =>
    now.grantId === record.grantId && !now.signedOut
      ? tombstone(now, { at, reason }, [...added, ...revocable(now, at)])
      : { ...now, outbox: withPending(now.outbox, added, at) }
  await session.update(change).catch(() => {
    // Over here at once, and everywhere as soon as the storage takes it.
    session.apply({ type: 'ended', grantId: record.grantId, reason, error })
    void session.retry(() => session.update(change), 'sign_out')
  })
  return { outcome: reason, error }
}

/**
 * Leaves the grant as it was, for whoever comes next, after the back-off that all contexts share.
 * @param failed absent: nothing that others have to wait for
 * @param lost the server may have processed the request all the same
 */
async function giveBack(
  session: Session,
  { owner, record, online }: Claim,
  error: TokenManagerError,
  failed?: Failed,
  lost = false,
): Promise<RefreshOutcome> {
  const { clock, crypto } = session.platform
  const outcome = offlineOr(session, 'failed')
  const change: Change = (now) => {
    if (now?.lease?.owner !== owner) return undefined
    const released = { ...now, lease: undefined }
    const isCurrent = now.generation === record.generation
    // A server that fails does so for every generation; what it refused may be this one's alone.
    if (!failed || (failed.meaning && !isCurrent)) return released
    const next = outcome === 'offline' ? released : failedIn(session, released, failed)
    return lost && online && isCurrent ? { ...next, doubt: randomId(crypto), doubtAt: clock.now() } : next
  }
  const { written, record: now } = await session.update(change).catch(() => {
    session.emit('store_failed', { during: 'release' })
    return { written: false, record: undefined }
  })
  const counted = written && outcome !== 'offline' ? failed : undefined
  return { outcome, error: counted ? toldBy(session, error, counted, now) : error }
}

/** What the caller is told of a failure that `record` holds. */
function toldBy(
  { platform: { clock } }: Session,
  error: TokenManagerError,
  { meaning }: Failed,
  record: SessionRecord | undefined,
): TokenManagerError {
  const { failure } = record ?? {}
  if (!record || failure?.at === undefined) return error
  const retryAt = failure.at + failure.delay
  const told = errorOf(failure, hasAccessToken(record, clock.now()), retryAt)
  // After the second refusal of one kind there is more to say than of the first.
  return meaning && told.code !== error.code ? told : Object.assign(error, { retryAt })
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

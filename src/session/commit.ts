import type { TokenManagerError } from '../errors.ts'
import type { StoredAccessToken, Target } from '../protocol/access-token.ts'
import { expiredOnArrival, type TokenAnswer, type TokenResponse } from '../protocol/token-set.ts'
import type { Claim } from './attempt.ts'
import { isSameGeneration, owns, released, withBeat, withDoubt } from './claim.ts'
import { errorOf, type Failed, nextFailure, personNeeded } from './failure.ts'
import { isUsable, offlineOr, outcomeUnknown, outOfPatience, type RefreshOutcome, storeFailed } from './outcome.ts'
import {
  hasAccessToken,
  type PendingRevocation,
  randomId,
  revocable,
  type SessionRecord,
  supersedes,
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

type Advance = (record: SessionRecord) => SessionRecord

/** Turns the server's answer to `claim` into what the record says from now on. */
export async function conclude(
  session: Session,
  claim: Claim,
  answer: TokenAnswer,
  target: Target,
): Promise<RefreshOutcome> {
  const { options, platform } = session
  const { clock, crypto } = platform
  const { record: from, lost, sent } = claim
  const key = targetKey(target)

  switch (answer.kind) {
    case 'tokens':
      return take(answer.response)
    case 'rejected':
      return reject(answer.error)
    case 'invalid':
      return takeRest(answer.error, answer.refreshToken)
    case 'refused': {
      const { error, meaning = 'unclear' } = answer
      const told = meaning === 'person_needed' ? personNeeded(error) : error
      return leave(told, refusesTarget(session, target, told) ? undefined : { error: told, meaning })
    }
    case 'unsent':
      return leave(outOfPatience())
    case 'transient':
      return leave(answer.error, answer, answer.lost)
  }

  async function take(response: TokenResponse): Promise<RefreshOutcome> {
    const advance: Advance = (record) => refreshed(record, response)
    const expired = expiredOnArrival(response, clock.now())
    if (!expired) return commit(advance)
    return useless({ error: expired }, (record) => {
      const { accessTokens } = record
      const next = advance(record)
      // What is still good is not lost to a token that is not.
      return isUsable(session, accessTokens[key]) ? { ...next, accessTokens } : next
    })
  }

  async function takeRest(error: TokenManagerError, refreshToken: string | undefined): Promise<RefreshOutcome> {
    if (error.code === 'ERR_SIGNED_OUT') return endFor(refreshToken, error)
    const failed: Failed = { error, meaning: 'unclear' }
    if (!refreshToken) return leave(error, failed, true)
    // The server rotated although the rest of its answer is useless: the new refresh token is the one that lives.
    return useless(failed, (record) => ({ ...advanced(record), refreshToken }))
  }

  /**
   * Commits only onto the generation it began from, whoever holds the lease by now. After a sign-out the new tokens are to be
   * revoked; after another context's commit they are dropped, for revoking could end the whole grant (RFC 7009 §2.1).
   */
  async function commit(advance: Advance): Promise<RefreshOutcome> {
    const change: Change<Conclusion> = (now = from) => {
      const at = clock.now()
      // The storage was cleared, and a context that was behind wrote the session back: what it has is older.
      const isBehind = supersedes(from, now)
      const isOver = now.signedOut || (now.grantId !== from.grantId && !isBehind)
      if (isOver) return { next: { ...now, outbox: outboxAfter(now, advance(from)) }, outcome: 'signed_out' }

      const { ended } = session.held
      if (ended?.grantId === from.grantId) {
        const { reason } = ended
        const next = tombstone(now, { at, reason }, revocable(advance(now), at))
        return { next, outcome: 'signed_out' }
      }
      const isTaken = !isBehind && now.generation > from.generation
      if (isTaken) return { next: released(claim, now), outcome: 'superseded' }

      const present = isBehind ? { ...from, outbox: now.outbox, revoked: now.revoked } : now
      return { next: advance(present), outcome: 'refreshed', attempt: lost ? 2 : 1 }
    }
    try {
      return await session.update(change)
    } catch (cause) {
      // In memory it is safe for as long as this context lives; nobody else hears of it before it is stored.
      session.apply({ type: 'read', record: advance(from), order: session.held.order, own: true })
      // Whoever watches sees that the owner is alive, and does not take over with the old token.
      const show = (now: SessionRecord | undefined) => ({ next: owns(claim, now) ? withBeat(now) : undefined })
      const commitOrShow = () =>
        session.update(change).catch(async (error) => {
          await session.update(show)
          throw error
        })
      return { outcome: 'store_failed', error: storeFailed(cause), held: session.retry(commitOrShow, 'commit') }
    }
  }

  /** Keeps what is of use in an answer without a token that could be used, and lets everybody wait before the next try. */
  async function useless(failed: Failed, advance: Advance): Promise<RefreshOutcome> {
    const { held } = await commit((record) => withFailure({ ...advance(record), failure: record.failure }, failed))
    return { outcome: 'failed', error: toldBy(session.live, failed), held }
  }

  function refreshed(record: SessionRecord, response: TokenResponse): SessionRecord {
    const { doubt, doubtAt } = record
    const next = advanced(record)
    const token = storedAccessToken(response, target.scope ?? record.scope, target.resource)
    const isMet = !unmet(target.scope, token.scope, record.requestedScope ?? record.scope)
    // A request that was lost before may still arrive, so only a refresh that began after its limit clears the doubt.
    const since = clock.elapsed() - session.unchangedFor('doubt', record)
    const isCleared = (sent?.at ?? 0) - since > options.requestTimeout
    return {
      ...next,
      failure: undefined,
      doubt: isCleared ? undefined : doubt,
      doubtAt: isCleared ? undefined : doubtAt,
      refreshToken: response.refreshToken ?? from.refreshToken,
      accessTokens: withAccessToken(record.accessTokens, key, { ...token, generation: next.generation }),
      idToken: response.idToken ?? record.idToken,
      claims: response.claims ? { ...record.claims, ...response.claims } : record.claims,
      obtainedAt: response.obtainedAt,
      scope: isMet ? union(record.scope, target.scope) : record.scope,
    }
  }

  function advanced(record: SessionRecord): SessionRecord {
    return { ...(released(claim, record) ?? record), generation: record.generation + 1 }
  }

  /** The outbox of `now`, in which the grant is over, with the tokens that `next` brought too late. What was signed out stays so. */
  function outboxAfter(now: SessionRecord, next: SessionRecord): readonly PendingRevocation[] {
    const at = clock.now()
    const known = new Set(revocable(from, -Infinity).map(({ token }) => token))
    const late = revocable(next, at).filter(({ token }) => !known.has(token))
    if (now.signedOut) return withPending(now.outbox, now.signedOut.kept ? [] : late, at)

    const { grantId, claims } = from
    const wasSignedOut = now.revoked?.[grantId] || now.outbox.some((entry) => entry.grantId === grantId)
    return outboxBeside(now, claims, late, at, Boolean(wasSignedOut) || options.revokeReplaced)
  }

  /** Only `invalid_grant` ends a grant, and only if it was about the refresh token that is stored now. */
  function reject(error: TokenManagerError): Promise<RefreshOutcome> {
    const at = clock.now()
    return session.update((now): Conclusion => {
      if (!isAbout(now)) return { outcome: 'superseded', error }
      return spentInDoubt(now) ?? { next: tombstone(now, { at, reason: 'rejected' }, []), outcome: 'rejected', error }
    })
  }

  /** Whether an answer is about what is stored now, and about nobody else's request. */
  function isAbout(now: SessionRecord | undefined): now is SessionRecord {
    return isSameGeneration(now, from) && (!now.lease || owns(claim, now))
  }

  /**
   * The answer was for another person (OpenID Connect Core §12.2), or the key is gone (RFC 9449 §5): nothing is kept, and the session
   * ends.
   */
  async function endFor(refreshToken: string | undefined, error: TokenManagerError): Promise<RefreshOutcome> {
    const at = clock.now()
    const { grantId } = from
    const reason = error.reason as 'user_changed' | 'dpop_key_lost'
    const added = revocable({ ...from, refreshToken, accessTokens: {} }, at)
    const change: Change = (now = from) => {
      const lives = now.grantId === grantId && !now.signedOut
      if (!lives) return { next: { ...now, outbox: withPending(now.outbox, added, at) } }
      return { next: tombstone(now, { at, reason }, [...added, ...revocable(now, at)]) }
    }
    await session.update(change).catch(() => {
      // Over here at once, and everywhere as soon as the storage takes it.
      session.apply({ type: 'ended', grantId, reason, error })
      void session.retry(() => session.update(change), 'sign_out')
    })
    return { outcome: reason, error }
  }

  /**
   * Leaves the grant to whoever comes next, with the back-off that all contexts share. A storage that refuses changes nothing for the
   * caller.
   * @param failed absent: nothing that others have to wait for
   * @param mayBeSpent the server may have processed the request all the same
   */
  async function leave(error: TokenManagerError, failed?: Failed, mayBeSpent?: boolean): Promise<RefreshOutcome> {
    const outcome = offlineOr(session, 'failed')
    const isOnline = outcome !== 'offline'
    const isAboutToken = failed?.meaning === 'person_needed' || failed?.meaning === 'unclear'
    try {
      return await session.update((now): Conclusion => {
        const end = isAboutToken && !mayBeSpent && isAbout(now) && spentInDoubt(now)
        if (end) return end
        const free = released(claim, now)
        if (!free || !failed) return { next: free, outcome, error }

        const isCurrent = free.generation === from.generation
        // A server that fails does so for every generation; what it refused may be this one's alone.
        const counts = isOnline && (isCurrent || !failed.meaning)
        const next = counts ? withFailure(free, failed) : free
        const isInDoubt = mayBeSpent && sent?.online && isCurrent
        return {
          next: isInDoubt ? withDoubt(session, next) : next,
          outcome,
          error: isOnline ? toldBy(next, failed) : error,
        }
      })
    } catch {
      session.emit('store_failed', { during: 'release' })
      return { outcome, error }
    }
  }

  function withFailure(record: SessionRecord, failed: Failed): SessionRecord {
    const at = clock.now()
    const chance = { at, beat: randomId(crypto), random: fraction(crypto) }
    return { ...record, failure: nextFailure(record.failure, failed, hasAccessToken(record, at), chance) }
  }

  /** What the caller is told of a failure that `record` holds. */
  function toldBy(record: SessionRecord | undefined, { error, meaning }: Failed): TokenManagerError {
    if (!record?.failure) return error
    const told = errorOf(record.failure, hasAccessToken(record, clock.now()))
    // After the second refusal of one kind there is more to say than of the first.
    return meaning && told.code !== error.code ? told : Object.assign(error, { retryAt: told.retryAt })
  }
}

/**
 * Whether the server gives no such token, and may go on giving others: an error of this one request, and a lasting one, as where one API
 * of several wants a second factor. What is wrong with the whole grant shows where the token of the sign-in is refreshed.
 */
export function refusesTarget(
  { options, live }: Session,
  target: Target,
  error: TokenManagerError | undefined,
): boolean {
  const isOther = targetKey(target) !== targetKey(options.signInTarget)
  const isOfTarget = isOther || lacking(target.scope, live?.scope)
  return Boolean(isOfTarget) && /invalid_(target|scope)|interaction/.test(`${error?.reason}`)
}

/** An answer's access token as the record keeps it. */
export function storedAccessToken(response: TokenResponse, scope: string, resource?: string): StoredAccessToken {
  const { accessToken, tokenType, obtainedAt, expiresAt } = response
  return { value: accessToken, type: tokenType, obtainedAt, expiresAt, scope: response.scope ?? scope, resource }
}

/**
 * After a lost answer a refusal, in whatever words, tells that the request has spent the refresh token. The grant and its generation
 * stay, so that a late commit still fits.
 */
function spentInDoubt(now: SessionRecord): Conclusion | undefined {
  if (!now.doubt) return undefined
  const next = { ...now, lease: undefined, refreshToken: undefined }
  return { next, outcome: 'outcome_unknown', error: outcomeUnknown() }
}

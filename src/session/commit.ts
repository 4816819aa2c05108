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
  tokensOf,
  tombstone,
  withAccessToken,
  withPending,
} from './record.ts'
import type { Change } from './record-writer.ts'
import { outboxBeside } from './replaced.ts'
import { fraction } from './schedule.ts'
import { lacking, union, unmet } from './scope.ts'
import type { Session } from './session.ts'
import { knownEnd } from './state.ts'
import { targetKey } from './target-key.ts'

/** The outcome of a refresh, and the record after it. */
type Conclusion = RefreshOutcome & { readonly next?: SessionRecord | undefined }

type Advance = (record: SessionRecord) => SessionRecord

/** Writes the result of the server's answer to `claim` into the record. */
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
      // The new token has expired already. If the present one is still valid, it must not be replaced by the new one.
      return isUsable(session, accessTokens[key]) ? { ...next, accessTokens } : next
    })
  }

  async function takeRest(error: TokenManagerError, refreshToken: string | undefined): Promise<RefreshOutcome> {
    if (error.code === 'ERR_SIGNED_OUT') return endFor(refreshToken, error)
    const failed: Failed = { error, meaning: 'unclear' }
    if (!refreshToken) return leave(error, failed, true)

    // The answer is useless except for its new refresh token. The server has rotated, so the old refresh token is not valid any more.
    return useless(failed, (record) => ({ ...advanced(record), refreshToken }))
  }

  /**
   * Stores the new tokens, if the record still has the generation that the refresh began from. It does not matter who has the lease. After a
   * sign-out, the new tokens are revoked. If another context has stored newer tokens, ours are dropped and not revoked, because revoking them
   * could end the whole grant (RFC 7009 §2.1).
   */
  async function commit(advance: Advance): Promise<RefreshOutcome> {
    const change: Change<Conclusion> = (now = from) => {
      const at = clock.now()
      // If the storage was cleared, a context with an older record may have written that back.
      const isBehind = supersedes(from, now)
      const isOver = now.signedOut || (now.grantId !== from.grantId && !isBehind)
      if (isOver) return { next: { ...now, outbox: outboxAfter(now, advance(from)) }, outcome: 'signed_out' }

      const present = isBehind ? { ...from, outbox: now.outbox, revoked: now.revoked } : now
      const ended = knownEnd(session.held, present)
      if (ended) {
        const { reason } = ended
        const next = tombstone(now, { at, reason }, revocable(advance(now), at))
        return { next, outcome: 'signed_out' }
      }
      const isTaken = !isBehind && now.generation > from.generation
      if (isTaken) return { next: released(claim, now), outcome: 'superseded' }

      return { next: advance(present), outcome: 'refreshed', attempt: lost ? 2 : 1 }
    }
    try {
      return await session.update(change)
    } catch (cause) {
      // The new tokens are kept in memory until the store works again. The other contexts cannot use them before that.
      session.apply({ type: 'read', record: advance(from), order: session.held.order, own: true })
      // The beat shows the other contexts that this one is alive, so that none of them sends the old refresh token.
      const show = (now: SessionRecord | undefined) => ({ next: owns(claim, now) ? withBeat(now) : undefined })
      const commitOrShow = () =>
        session.update(change).catch(async (error) => {
          await session.update(show)
          throw error
        })
      return { outcome: 'store_failed', error: storeFailed(cause), held: session.retry(commitOrShow, 'commit') }
    }
  }

  /** Stores the useful parts of an answer that has no usable access token, and begins a back-off. */
  async function useless(failed: Failed, advance: Advance): Promise<RefreshOutcome> {
    const { held } = await commit((record) => withFailure({ ...advance(record), failure: record.failure }, failed))
    return { outcome: 'failed', error: toldBy(session.live, failed), held }
  }

  function refreshed(record: SessionRecord, response: TokenResponse): SessionRecord {
    const { doubt, doubtAt } = record
    const next = advanced(record)
    const token = storedAccessToken(response, target.scope ?? record.scope, target.resource)
    const isMet = !unmet(target.scope, token.scope, record.requestedScope ?? record.scope)
    // A lost request may still reach the server. So the doubt ends only with a refresh that was sent after the lost request's timeout.
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

  /** The outbox of `now`, whose grant has ended, with the tokens in `next` that came too late. */
  function outboxAfter(now: SessionRecord, next: SessionRecord): readonly PendingRevocation[] {
    const at = clock.now()
    const known = tokensOf(from)
    const late = revocable(next, at).filter(({ token }) => !known.has(token))
    if (now.signedOut) return withPending(now.outbox, now.signedOut.kept ? [] : late, at)

    const { grantId, claims } = from
    const isInOutbox = now.outbox.some((entry) => entry.grantId === grantId)
    // If the storage was cleared after the end, the record knows nothing of the grant, and only memory does.
    const isForgotten = !supersedes(now, from) && knownEnd(session.held, from)
    const hasEnded = isInOutbox || isForgotten || now.revoked?.[grantId]
    return outboxBeside(now, claims, late, at, Boolean(hasEnded) || options.revokeReplaced)
  }

  /** Only `invalid_grant` ends a grant, and only if it was about the refresh token that is stored now. */
  function reject(error: TokenManagerError): Promise<RefreshOutcome> {
    const at = clock.now()
    return session.update((now): Conclusion => {
      if (!isAbout(now)) return { outcome: 'superseded' }
      return spentInDoubt(now) ?? { next: tombstone(now, { at, reason: 'rejected' }, []), outcome: 'rejected', error }
    })
  }

  /** Whether the answer is about the refresh token that is stored now, and no other context has sent it. */
  function isAbout(now: SessionRecord | undefined): now is SessionRecord {
    return isSameGeneration(now, from) && (!now.lease || owns(claim, now))
  }

  /** Ends the session, because the answer was for another person (OpenID Connect Core §12.2), or because the key is gone (RFC 9449 §5). */
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
      // The session ends in this context at once, and in the others as soon as the store works again.
      session.apply({ type: 'ended', grantId, reason, error })
      void session.retry(() => session.update(change), 'sign_out')
    })
    return { outcome: reason, error }
  }

  /**
   * Removes the lease after a failure, and writes the back-off that all contexts share. If the store fails, the caller gets the same error.
   * @param failed the failure that the back-off is for. Absent if there is no need to wait
   * @param mayBeSpent whether the server may have used up the refresh token
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
        // A failure of the server concerns every generation. A refusal may concern only this one.
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

  /** The error for the caller, after the failure was written to `record`. */
  function toldBy(record: SessionRecord | undefined, { error, meaning }: Failed): TokenManagerError {
    if (!record?.failure) return error
    const told = errorOf(record.failure, hasAccessToken(record, clock.now()))
    // After a second refusal of the same kind, the record's error may say more.
    return meaning && told.code !== error.code ? told : Object.assign(error, { retryAt: told.retryAt })
  }
}

/**
 * Whether the server refuses only tokens for `target`, and will go on refusing them, for example because one of several APIs wants a second
 * factor. Errors that concern the whole grant also occur when the token of the sign-in itself is refreshed.
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

/** The access token of an answer, in the form in which the record has it. */
export function storedAccessToken(response: TokenResponse, scope: string, resource?: string): StoredAccessToken {
  const { accessToken, tokenType, obtainedAt, expiresAt } = response
  return { value: accessToken, type: tokenType, obtainedAt, expiresAt, scope: response.scope ?? scope, resource }
}

/**
 * The conclusion if a refusal follows a lost answer: the lost request has used up the refresh token. The grant and its generation stay in the
 * record, so that a late answer can still be stored.
 */
function spentInDoubt(now: SessionRecord): Conclusion | undefined {
  if (!now.doubt) return undefined
  const next = { ...now, lease: undefined, refreshToken: undefined }
  return { next, outcome: 'outcome_unknown', error: outcomeUnknown() }
}

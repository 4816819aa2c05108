import { TokenManagerError } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import { refreshTokenGrant } from '../protocol/refresh-token.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'
import { type Attempt, answered, type Claim, type Hold, LOOK, type Next } from './attempt.ts'
import {
  backOffLeft,
  claimFrom,
  DOUBT_WAIT,
  isDead,
  isSameGeneration,
  isTakeover,
  owns,
  release,
  takeBack,
  withBeat,
  withDoubt,
} from './claim.ts'
import { conclude } from './commit.ts'
import { ageOf, moment } from './moment.ts'
import {
  backingOff,
  isUsable,
  offlineOr,
  outcomeUnknown,
  outOfPatience,
  type RefreshOutcome,
  storeFailed,
} from './outcome.ts'
import { type SessionRecord, supersedes } from './record.ts'
import { fraction } from './schedule.ts'
import type { Session } from './session.ts'
import { targetKey } from './target-key.ts'

/** What a refresh begins from. */
export interface RefreshRequest {
  /** The record whose token was not good enough for the caller. */
  readonly from: Pick<SessionRecord, 'grantId' | 'generation'>
  readonly target: Target
  /** The reason in the event. */
  readonly reason?: string | undefined
  /** Whether the app itself has called `refresh()`. */
  readonly asked?: boolean | undefined
}

/** How often the record is read while waiting, in milliseconds. Messages and a store with `watch` are quicker. */
const WATCH = 200
const UNSENT_LIMIT = 3

/**
 * Refreshes the tokens, so that only one of all contexts sends the refresh token. The lease is in the record, and the store's compare-and-set is
 * the only thing that has to be atomic. Never rejects.
 */
export async function refreshOnce(session: Session, request: RefreshRequest): Promise<RefreshOutcome> {
  const { from, target, reason, asked } = request
  const { clock, crypto, lifecycle, lock } = session.platform
  const { requestTimeout, leaseTime, lockTimeout } = session.options
  const hold: Hold = { locked: lock.spans === 'store', attempt: LOOK }
  const patience = clock.elapsed() + lockTimeout + 3 * leaseTime
  let unsent = 0

  try {
    if (session.held.unsaved) await session.save()
    return await underLock()
  } catch (error) {
    return { outcome: 'store_failed', error: storeFailed(error) }
  }

  /** Waits for the lock, which is only a quicker way to wait. If it does not come in time, or is not needed any more, it goes on without. */
  async function underLock(): Promise<RefreshOutcome> {
    const until = clock.elapsed() + lockTimeout
    const waiting = new AbortController()
    let isWaiting = true
    let work = undefined as Promise<RefreshOutcome> | undefined

    const goOn = () => {
      isWaiting = false
      session.wake()
    }
    const underIt = async () => {
      if (!isWaiting) return
      goOn()
      work = attempted()
      const result = await work.catch(() => undefined)
      // The lock is held until new tokens are stored. Otherwise the next holder would take our lease for dead.
      await result?.held
    }
    lock.request(session.name, { signal: waiting.signal }, underIt).catch(() => {
      if (work !== undefined) void takeBack(session, hold)
      goOn()
    })
    const settled = await settledMeanwhile().finally(() => {
      isWaiting = false
      waiting.abort()
    })
    if (settled) return settled
    if (work !== undefined) return work

    hold.locked = false
    return attempted()

    /** Reads the record again and again while this waits for the lock. Gives the outcome if the record decides it. */
    async function settledMeanwhile(): Promise<RefreshOutcome | undefined> {
      while (isWaiting) {
        await session.pause(WATCH)
        if (!isWaiting) break
        // The record counts even if the lock was granted while it was read. The holder of the lock reads it again and can only find a newer one.
        const record = await session.read()
        const settled = settledBy(record)
        if (settled) return settled

        const isLeased = record?.lease && !isDead(session, record, false)
        if (clock.elapsed() >= until + (isLeased ? leaseTime : 0)) break
      }
      return undefined
    }
  }

  /** Takes one step after the other until there is an outcome. */
  async function attempted(): Promise<RefreshOutcome> {
    for (;;) {
      const next = await taken(hold.attempt)
      if ('outcome' in next) return next
      hold.attempt = next
    }
  }

  /** Takes the step `attempt`, and gives the next one or the outcome. */
  async function taken(attempt: Attempt): Promise<Next> {
    switch (attempt.step) {
      case 'look':
        return looked(await session.read())
      case 'claim':
        return claimed(attempt.seen)
      case 'send':
        return sent(attempt.claim)
      case 'send_again':
        return claimedAgain(attempt.claim, attempt.lost)
      case 'conclude': {
        const { claim, answer } = attempt
        const outcome = await conclude(session, claim, answer, target)
        // Another context has stored newer tokens. The record is read again, to see whether they are good enough.
        return outcome.outcome === 'superseded' ? { step: 'release', claim } : outcome
      }
      case 'release': {
        const { claim } = attempt
        // If the lock was stolen, we have replaced a lease whose owner may be alive. So our lease stays and expires, as that one would have.
        const isWrong = claim.record.lease?.locked && !hold.locked && isTakeover(claim)
        if (!isWrong) await release(session, claim)
        return LOOK
      }
    }
  }

  /** The step after the record was read: claim it, or correct it or wait and read it again. Or the outcome, if the record decides it. */
  async function looked(record: SessionRecord | undefined): Promise<Next> {
    const settled = settledBy(record)
    if (settled) return settled
    if (!record || isBehind(record)) {
      await session.save()
      return LOOK
    }

    const { failure, lease } = record
    const rest = backOffLeft(session, record, asked)
    if (failure && rest > 0) return backingOff(session, record, failure, rest)

    const isOthers = lease && !isDead(session, record, hold.locked)
    if (!isOthers) return { step: 'claim', seen: record }
    if (clock.elapsed() > patience) return { outcome: 'throttled', error: outOfPatience() }

    const { store } = session.platform
    const unwatch = store.watch?.(session.name, session.tag, session.wake)
    await session.pause(WATCH)
    unwatch?.()
    return LOOK
  }

  async function claimed(seen: SessionRecord): Promise<Next> {
    try {
      // The metadata is loaded before the lease is taken. Without it nothing can be sent, and the other contexts would wait in vain.
      await session.server.metadata()
    } catch (error) {
      return { outcome: offlineOr(session, 'failed'), error: error as TokenManagerError }
    }

    const claim = await claimFrom(session, seen, hold, asked)
    if (!claim) return LOOK
    if (!isTakeover(claim)) return { step: 'send', claim }

    // The other context may have sent the refresh token, and the server may still be processing it. Two requests must not overlap.
    await session.wait(DOUBT_WAIT)
    const now = await session.read()
    const isOurs = owns(claim, now) && isSameGeneration(now, seen)
    return { step: isOurs ? 'send' : 'release', claim }
  }

  async function sent(claim: Claim): Promise<Attempt> {
    const { record, began, lost } = claim
    let now = claim
    if (!lost && unsent === 0) session.emit('refreshing', { reason })

    const answer = await refreshTokenGrant(session.server, {
      ...target,
      refreshToken: record.refreshToken as string,
      previous: record.claims,
      dpopKey: record.dpopKey,
      beforeSend() {
        // Another context may have taken over: if this one has slept since the claim, or has lost the lock. Or the session has ended.
        const isOld = ageOf(began, moment(clock)) > leaseTime - requestTimeout
        const isRobbed = record.lease?.locked && !hold.locked && !now.sent
        const { live } = session
        // Memory may be newer than the record of the claim, because of a message that came in the meantime.
        const isOver = live?.grantId !== from.grantId || isBehind(record)
        const mustNot = isOld || isRobbed || isOver
        if (mustNot) return false

        now = { ...now, sent: { at: clock.elapsed(), online: lifecycle.isOnline() } }
        hold.attempt = { step: 'send', claim: now }
        return true
      },
    })
    if (answer.kind === 'unsent') unsent++
    return answered(now, answer, lifecycle.isOnline(), unsent < UNSENT_LIMIT)
  }

  /** Waits before the second and last request, and writes into the record that the refresh token may have been used. */
  async function claimedAgain(claim: Claim, lost: TokenAnswer): Promise<Attempt> {
    await session.wait(DOUBT_WAIT * (1 + fraction(crypto)))
    const began = moment(clock)
    const raised = await session.update((now) => {
      if (!owns(claim, now) || !isSameGeneration(now, claim.record)) return undefined
      return { next: withDoubt(session, withBeat(now)) }
    })
    return raised ? { step: 'send', claim: { ...claim, began, lost } } : { step: 'release', claim }
  }

  /** Whether memory has a later state of the session than `record`. */
  function isBehind(record: SessionRecord): boolean {
    const { live } = session
    return live !== undefined && supersedes(live, record)
  }

  /** The outcome, if the record alone decides it. `undefined` if a refresh is still needed. */
  function settledBy(record: SessionRecord | undefined): RefreshOutcome | undefined {
    const { grantId } = from
    if (session.live?.grantId !== grantId) return { outcome: 'signed_out' }
    if (!record || isBehind(record)) return undefined
    if (record.grantId !== grantId) return { outcome: 'signed_out' }

    const token = record.accessTokens[targetKey(target)]
    // A newer generation of the record is not enough: it may have brought a token for another target.
    const isNewer = (token?.generation ?? record.generation) > from.generation
    if (isNewer && isUsable(session, token)) return { outcome: 'adopted' }
    if (record.refreshToken) return undefined
    return record.doubt
      ? { outcome: 'outcome_unknown', heard: true, error: outcomeUnknown() }
      : { outcome: 'expired', heard: true, error: new TokenManagerError('ERR_SIGNED_OUT', 'expired') }
  }
}

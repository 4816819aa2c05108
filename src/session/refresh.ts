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

/** From where a refresh begins. */
export interface RefreshRequest {
  /** The record the caller found wanting. */
  readonly from: Pick<SessionRecord, 'grantId' | 'generation'>
  readonly target: Target
  /** For the event. */
  readonly reason?: string | undefined
  /** The app itself wants new tokens, whatever the present ones are good for. */
  readonly asked?: boolean | undefined
}

/** How often the record is looked at while waiting, ms; the channel and the store's own watch are quicker. */
const WATCH = 200
const UNSENT_LIMIT = 3

/**
 * Refreshes once, whatever other contexts do: the record itself is the lease, and its swap the only thing that has to be
 * atomic. Never rejects.
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

  /** The lock is only a quicker way to wait: not had in time, or not needed any more, go on without. */
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
      // As long as new tokens are in memory only, nobody may take the lease for one whose holder is gone.
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

    /** Watches the record until there is nothing more to wait for: what it decides by then. */
    async function settledMeanwhile(): Promise<RefreshOutcome | undefined> {
      while (isWaiting) {
        await session.pause(WATCH)
        if (!isWaiting) break
        // What it shows counts even if the lock was granted meanwhile: its turn reads once more, and all it can find is newer.
        const record = await session.read()
        const settled = settledBy(record)
        if (settled) return settled
        const isLeased = record?.lease && !isDead(session, record, false)
        if (clock.elapsed() >= until + (isLeased ? leaseTime : 0)) break
      }
      return undefined
    }
  }

  /** Takes one step after the other, until there is an outcome. */
  async function attempted(): Promise<RefreshOutcome> {
    for (;;) {
      const next = await taken(hold.attempt)
      if ('outcome' in next) return next
      hold.attempt = next
    }
  }

  /** Does what `attempt` says, and what comes after it. */
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
        // Another context was quicker: what it brought may do, or not.
        return outcome.outcome === 'superseded' ? { step: 'release', claim } : outcome
      }
      case 'release': {
        const { claim } = attempt
        // What was taken over on the strength of a lock that had been stolen stands for the lease it replaced: it dies by time.
        const isWrong = claim.record.lease?.locked && !hold.locked && isTakeover(claim)
        if (!isWrong) await release(session, claim)
        return LOOK
      }
    }
  }

  /** What the record asks for, as it was just read: a claim, or to make it right or wait, and look again. */
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
      // Without the server's metadata nothing can be sent, and a lease would only keep others waiting.
      await session.server.metadata()
    } catch (error) {
      return { outcome: offlineOr(session, 'failed'), error: error as TokenManagerError }
    }

    const claim = await claimFrom(session, seen, hold, asked)
    if (!claim) return LOOK
    if (!isTakeover(claim)) return { step: 'send', claim }
    // Its sender died or sleeps: the server may still be at it, and a second presentation must not overlap the first.
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
        // Slept since the claim, or signed out, or lost the lock it rests on: others may have taken over.
        const isOld = ageOf(began, moment(clock)) > leaseTime - requestTimeout
        const isRobbed = record.lease?.locked && !hold.locked && !now.sent
        const { live } = session
        // A read that took long may be older than what a message has told since.
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

  /** The wait before the second and last request, and the swap that says so. */
  async function claimedAgain(claim: Claim, lost: TokenAnswer): Promise<Attempt> {
    await session.wait(DOUBT_WAIT * (1 + fraction(crypto)))
    const began = moment(clock)
    const raised = await session.update((now) => {
      if (!owns(claim, now) || !isSameGeneration(now, claim.record)) return undefined
      return { next: withDoubt(session, withBeat(now)) }
    })
    return raised ? { step: 'send', claim: { ...claim, began, lost } } : { step: 'release', claim }
  }

  /** Whether memory knows more of the session than `record` says. */
  function isBehind(record: SessionRecord): boolean {
    const { live } = session
    return live !== undefined && supersedes(live, record)
  }

  /** What the record alone already decides. */
  function settledBy(record: SessionRecord | undefined): RefreshOutcome | undefined {
    const { grantId } = from
    if (session.live?.grantId !== grantId) return { outcome: 'signed_out' }
    if (!record || isBehind(record)) return undefined
    if (record.grantId !== grantId) return { outcome: 'signed_out' }

    const token = record.accessTokens[targetKey(target)]
    // A newer generation may have brought a token for something else.
    const isNewer = (token?.generation ?? record.generation) > from.generation
    if (isNewer && isUsable(session, token)) return { outcome: 'adopted' }
    if (record.refreshToken) return undefined
    return record.doubt
      ? { outcome: 'outcome_unknown', heard: true, error: outcomeUnknown() }
      : { outcome: 'expired', heard: true, error: new TokenManagerError('ERR_SIGNED_OUT', 'expired') }
  }
}

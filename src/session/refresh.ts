import { TokenManagerError } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import { refreshTokenGrant } from '../protocol/refresh-token.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'
import {
  backOffLeft,
  type Claim,
  claimFrom,
  DOUBT_WAIT,
  type Hold,
  isDead,
  release,
  takeBack,
  withBeat,
} from './claim.ts'
import { conclude } from './commit.ts'
import {
  backingOff,
  isUsable,
  offlineOr,
  outcomeUnknown,
  outOfPatience,
  type RefreshOutcome,
  storeFailed,
} from './outcome.ts'
import { randomId, type SessionRecord } from './record.ts'
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

/** How often the record is looked at while waiting, ms; the channel is quicker. */
const WATCH = 200
const UNSENT_LIMIT = 3

/**
 * Refreshes once, whatever other contexts do: the record itself is the lease, and its swap the only thing that has to be
 * atomic. Never rejects.
 */
export async function refreshOnce(session: Session, request: RefreshRequest): Promise<RefreshOutcome> {
  try {
    if (session.held.unsaved) await session.save()
    return await underLock(session, request)
  } catch (error) {
    return { outcome: 'store_failed', error: storeFailed(error) }
  }
}

/** The lock is only a quicker way to wait: not had in time, or not needed any more, go on without. */
async function underLock(session: Session, request: RefreshRequest): Promise<RefreshOutcome> {
  const { platform, options, name } = session
  const until = platform.clock.elapsed() + options.lockTimeout
  const waiting = new AbortController()
  const hold: Hold = { locked: platform.lock.spans === 'store' }
  let work = undefined as Promise<RefreshOutcome> | undefined
  let waits = true
  const isWaiting = () => waits
  const underIt = async () => {
    if (!waits) return
    waits = false
    session.wake()
    work = attempt(session, request, hold)
    // As long as new tokens are in memory only, nobody may take the lease for one whose holder is gone.
    await work.then(
      (result) => ('held' in result ? result.held : undefined),
      () => {},
    )
  }
  platform.lock.request(name, { signal: waiting.signal }, underIt).catch(() => {
    if (work !== undefined) void takeBack(session, hold)
    waits = false
    session.wake()
  })
  try {
    while (isWaiting()) {
      await session.pause(WATCH)
      if (!isWaiting()) break
      const record = await session.read()
      const settled = settledBy(session, record, request)
      const alive = record?.lease && !isDead(session, record, false)
      if (!isWaiting()) break
      if (settled) return settled
      if (platform.clock.elapsed() >= until + (alive ? options.leaseTime : 0)) break
    }
  } finally {
    waits = false
    waiting.abort()
  }
  return work ?? attempt(session, request, { locked: false })
}

async function attempt(session: Session, request: RefreshRequest, hold: Hold): Promise<RefreshOutcome> {
  const { server, options } = session
  const { clock } = session.platform
  const patience = clock.elapsed() + 3 * options.leaseTime
  for (let tries = 0; ; ) {
    hold.claim = undefined
    const record = await session.read()
    const settled = settledBy(session, record, request)
    if (settled) return settled
    // Lost, or memory is ahead of the store, which could not be written then.
    if (!record || (session.live as SessionRecord).generation > record.generation) {
      await session.save()
      continue
    }
    const { failure } = record
    const rest = backOffLeft(session, record, request.asked)
    if (failure && rest > 0) return backingOff(session, record, failure, rest)
    if (record.lease && !isDead(session, record, hold.locked)) {
      if (clock.elapsed() > patience) return outOfPatience()
      await session.pause(WATCH)
      continue
    }
    // Without the server's metadata nothing can be sent, and a lease would only keep others waiting.
    const unavailable = await server.metadata().then(
      () => undefined,
      (error: TokenManagerError) => error,
    )
    if (unavailable) return { outcome: offlineOr(session, 'failed'), error: unavailable }
    const claim = await claimFrom(session, record, hold, request.asked)
    if (!claim) continue
    hold.claim = claim
    const answer = await send(session, hold, claim, request, tries > 0)
    if (answer === 'again' || (answer.kind === 'unsent' && ++tries < UNSENT_LIMIT)) {
      // What was taken over on the strength of a lock that had been stolen stands for the lease it replaced: it dies by time.
      const wrong = claim.record.lease?.locked && !hold.locked && claim.record.doubt === claim.owner
      if (!wrong) await release(session, claim)
      continue
    }
    const outcome = await conclude(session, claim, answer, request.target)
    // Another context was quicker: what it brought may do, or not.
    if (outcome.outcome !== 'superseded') return outcome
    await release(session, claim)
  }
}

/** What the record alone already decides. */
function settledBy(
  session: Session,
  record: SessionRecord | undefined,
  { from, target }: RefreshRequest,
): RefreshOutcome | undefined {
  const { live } = session
  if (live?.grantId !== from.grantId || (record && record.grantId !== from.grantId)) return { outcome: 'signed_out' }
  if (!record) return undefined
  const token = record.accessTokens[targetKey(target)]
  // A newer generation may have brought a token for something else.
  if ((token?.generation ?? record.generation) > from.generation && isUsable(session, token))
    return { outcome: 'adopted' }
  if (record.refreshToken !== undefined) return undefined
  return record.doubt === undefined
    ? { outcome: 'expired', heard: true, error: new TokenManagerError('ERR_SIGNED_OUT', 'expired') }
    : { outcome: 'outcome_unknown', heard: true, error: outcomeUnknown() }
}

async function send(
  session: Session,
  hold: Hold,
  claim: Claim,
  { target, reason }: RefreshRequest,
  quiet: boolean,
): Promise<TokenAnswer | 'again'> {
  const { clock, crypto, lifecycle } = session.platform
  const { record } = claim
  const { requestTimeout, leaseTime } = session.options
  const once = (): Promise<TokenAnswer> =>
    refreshTokenGrant(session.server, {
      refreshToken: record.refreshToken as string,
      ...target,
      previous: record.claims,
      dpopKey: record.dpopKey,
      beforeSend: () => {
        const age = Math.max(clock.elapsed() - claim.began.elapsed, clock.now() - claim.began.now)
        // Slept since the claim, or signed out, or lost the lock it rests on: others may have taken over.
        const robbed = record.lease?.locked && !hold.locked && claim.sentAt === undefined
        if (robbed || age > leaseTime - requestTimeout || session.live?.grantId !== record.grantId) return false
        claim.sentAt = clock.elapsed()
        claim.online = lifecycle.isOnline()
        return true
      },
    })
  if (!quiet) session.emit('refreshing', { reason })
  const answer = await once()
  const unanswered = answer.kind === 'transient' && answer.lost && answer.error.status === undefined
  // In an outage that lasts, the shared back-off is the wait before the next try.
  if (!unanswered || record.failure || !lifecycle.isOnline()) return answer
  await session.wait(DOUBT_WAIT * (1 + fraction(crypto)))
  claim.began = { elapsed: clock.elapsed(), now: clock.now() }
  const { written } = await session.update((now) =>
    now?.lease?.owner === claim.owner && now.generation === record.generation && !now.signedOut
      ? { ...withBeat(now), doubt: randomId(crypto), doubtAt: clock.now() }
      : undefined,
  )
  if (!written) return 'again'
  claim.attempt = 2
  const second = await once()
  return second.kind === 'unsent' ? answer : second
}

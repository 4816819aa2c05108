import type { Claim, Hold } from './attempt.ts'
import { backOffRest } from './failure.ts'
import { moment } from './moment.ts'
import { randomId, type SessionRecord } from './record.ts'
import type { Session } from './session.ts'

/** The wait before a refresh token that may be spent is sent (again), ms. */
export const DOUBT_WAIT = 1_000

/** One swap that says: somebody may be about to send. `undefined` when the record moved on. */
export async function claimFrom(
  session: Session,
  seen: SessionRecord,
  hold: Hold,
  asked?: boolean,
): Promise<Claim | undefined> {
  const { clock, crypto, store } = session.platform
  const owner = randomId(crypto)
  const began = moment(clock)
  const claimed = await session.update(
    (now) => {
      if (!isSameGeneration(now, seen) || !now.refreshToken) return undefined
      const { locked } = hold
      const isWaitedFor = now.lease && !isDead(session, now, locked)
      if (isWaitedFor || backOffLeft(session, now, asked) > 0) return undefined

      const lease = { owner, beat: 0, locked, process: store.processes?.own }
      const next = { ...now, lease }
      return { next: now.lease ? withDoubt(session, next, owner) : next }
    },
    { durability: 'relaxed' },
  )
  return claimed && { record: claimed.next, owner, began }
}

/** Whether `claim` takes the place of another, whose sender died or sleeps. */
export function isTakeover({ record, owner }: Claim): boolean {
  return record.doubt === owner
}

/**
 * The lock was stolen, and whoever has it now takes our lease for dead. It waits and reads again before it sends, and finds that
 * the lease is ours. Whoever has sent nothing yet begins again, and whoever slept leaves others alone.
 */
export async function takeBack(session: Session, hold: Hold): Promise<void> {
  hold.locked = false
  const claim = 'claim' in hold.attempt ? hold.attempt.claim : undefined
  if (!claim?.sent) return
  const { owner, record, began } = claim
  const { clock, store } = session.platform
  // A lock spans one machine: when that sleeps, all do, and this clock with them.
  const isAwake = clock.elapsed() - began.elapsed < session.options.leaseTime
  await session
    .update((now) => {
      if (!now?.lease || now.grantId !== record.grantId) return undefined
      // The storage was cleared, and a context that never saw our lease did not wait before it sent: it keeps its own.
      const wasTakenOver = now.doubt === now.lease.owner
      const mayBeTaken = isAwake && wasTakenOver
      const isOurs = now.lease.owner === owner
      if (!isOurs && !mayBeTaken) return undefined

      const lease = { owner, beat: now.lease.beat + 1, locked: false, process: store.processes?.own }
      return { next: { ...now, lease } }
    })
    .catch(() => {})
}

/** Takes the lease of `claim` out of the record, if it is still there. */
export async function release(session: Session, claim: Claim): Promise<void> {
  await session.update((now) => ({ next: released(claim, now) }))
}

/** `record` without the lease of `claim`; `undefined` if it has another, or none. */
export function released(claim: Claim, record: SessionRecord | undefined): SessionRecord | undefined {
  return owns(claim, record) ? { ...record, lease: undefined } : undefined
}

/** Whether the lease of `record` is that of `claim`. */
export function owns({ owner }: Claim, record: SessionRecord | undefined): record is SessionRecord {
  return record?.lease?.owner === owner
}

/** Whether nothing has happened to the grant of `seen` since: it lives, and nobody has refreshed. */
export function isSameGeneration(now: SessionRecord | undefined, seen: SessionRecord): now is SessionRecord {
  return now?.grantId === seen.grantId && now.generation === seen.generation && !now.signedOut
}

/** The same lease, once more shown to be alive. */
export function withBeat(record: SessionRecord): SessionRecord {
  const { lease } = record
  return { ...record, lease: lease && { ...lease, beat: lease.beat + 1 } }
}

/** `record`, of which from now on nobody knows whether its refresh token is spent. */
export function withDoubt({ platform }: Session, record: SessionRecord, doubt?: string): SessionRecord {
  return { ...record, doubt: doubt ?? randomId(platform.crypto), doubtAt: platform.clock.now() }
}

/**
 * A lease is dead at once only if it was taken under the very lock we hold now, or if its process is known to be over; any other
 * when nothing about it changed for the lease time on our own clock.
 */
export function isDead({ platform, unchangedFor, options }: Session, record: SessionRecord, locked: boolean): boolean {
  const { lease } = record
  if (locked && lease?.locked) return true
  if (lease?.process && platform.store.processes?.isOver(lease.process)) return true
  return unchangedFor('lease', record) >= options.leaseTime
}

/** What is left of the back-off all contexts share, ms. `asked`: the app itself wants new tokens. */
export function backOffLeft({ platform, unchangedFor }: Session, record: SessionRecord, asked?: boolean): number {
  const { failure } = record
  return failure ? backOffRest(failure, platform.clock.now(), unchangedFor('failure', record), asked) : 0
}

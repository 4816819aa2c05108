import type { EpochMs } from '../ports.ts'
import { randomId, type SessionRecord } from './record.ts'
import type { Change, Session } from './session.ts'

/** A refresh token this context may send. */
export interface Claim {
  /** As the claim's swap wrote it. */
  readonly record: SessionRecord
  readonly owner: string
  /** Just before the swap was called. */
  began: { elapsed: number; now: EpochMs }
  /** When the refresh token left, on the monotonic clock. */
  sentAt?: number
  /** Whether there was a network then. */
  online?: boolean
  /** How often it was sent. */
  attempt: number
}

/** What an attempt rests on. */
export interface Hold {
  /** Whether it is under a lock that spans the store. */
  locked: boolean
  claim?: Claim | undefined
}

/** The wait before a refresh token that may be spent is sent (again), ms. */
export const DOUBT_WAIT = 1_000

/** One swap that says: somebody may be about to send. `undefined` when the record moved on. */
export async function claimFrom(session: Session, seen: SessionRecord, hold: Hold): Promise<Claim | undefined> {
  const { clock, crypto } = session.platform
  const owner = randomId(crypto)
  const began = { elapsed: clock.elapsed(), now: clock.now() }
  const { written, ...result } = await session.update(
    (now) => {
      if (!now || now.signedOut || now.grantId !== seen.grantId || now.generation !== seen.generation) return undefined
      if (now.refreshToken === undefined || backOffLeft(session, now) > 0) return undefined
      const { locked } = hold
      if (now.lease && !isDead(session, now, locked)) return undefined
      return { ...now, lease: { owner, beat: 0, locked }, doubt: now.lease ? owner : now.doubt }
    },
    { durability: 'relaxed' },
  )
  if (!written) return undefined
  const record = result.record as SessionRecord
  const claim: Claim = { record, owner, began, attempt: 1 }
  if (record.doubt !== owner) return claim
  // Its sender died or sleeps: the server may still be at it, and a second presentation must not overlap the first.
  await session.wait(DOUBT_WAIT)
  const now = await session.read()
  if (now?.lease?.owner === owner && now.generation === seen.generation) return claim
  await release(session, claim)
  return undefined
}

/**
 * The lock was stolen, and whoever has it now takes our lease for dead. It waits and reads again before it sends, and finds that
 * the lease is ours. Whoever has sent nothing yet begins again, and whoever slept leaves others alone.
 */
export async function takeBack(session: Session, hold: Hold): Promise<void> {
  hold.locked = false
  const { claim } = hold
  if (claim?.sentAt === undefined) return
  const { owner, record, began } = claim
  // A lock spans one machine: when that sleeps, all do, and this clock with them.
  const awake = session.platform.clock.elapsed() - began.elapsed < session.options.leaseTime
  const change: Change = (now) =>
    now?.lease && now.grantId === record.grantId && (awake || now.lease.owner === owner)
      ? { ...now, lease: { owner, beat: now.lease.beat + 1, locked: false } }
      : undefined
  await session.update(change).catch(() => {})
}

/** Takes the lease of `claim` out of the record, if it is still there. */
export async function release(session: Session, { owner }: Claim): Promise<void> {
  await session.update((now) => (now?.lease?.owner === owner ? { ...now, lease: undefined } : undefined))
}

/** The same lease, once more shown to be alive. */
export function withBeat(record: SessionRecord): SessionRecord {
  const { lease } = record
  return { ...record, lease: lease && { ...lease, beat: lease.beat + 1 } }
}

/**
 * A lease is dead at once only if it was taken under the very lock we hold now; any other when nothing about it changed for
 * the lease time on our own clock.
 */
export function isDead(session: Session, record: SessionRecord, locked: boolean): boolean {
  return (locked && record.lease?.locked) || session.unchangedFor('lease', record) >= session.options.leaseTime
}

/** What is left of the back-off all contexts share, ms. */
export function backOffLeft(session: Session, record: SessionRecord): number {
  return record.failure ? record.failure.delay - session.unchangedFor('failure', record) : 0
}

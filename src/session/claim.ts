import type { EpochMs } from '../ports.ts'
import { backOffRest } from './failure.ts'
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
export async function claimFrom(
  session: Session,
  seen: SessionRecord,
  hold: Hold,
  asked?: boolean,
): Promise<Claim | undefined> {
  const { clock, crypto, store } = session.platform
  const owner = randomId(crypto)
  const began = { elapsed: clock.elapsed(), now: clock.now() }
  const { written, ...result } = await session.update(
    (now) => {
      if (!now || now.signedOut || now.grantId !== seen.grantId || now.generation !== seen.generation) return undefined
      if (now.refreshToken === undefined || backOffLeft(session, now, asked) > 0) return undefined
      const { locked } = hold
      if (now.lease && !isDead(session, now, locked)) return undefined
      const lease = { owner, beat: 0, locked, process: store.processes?.own }
      return now.lease ? { ...now, lease, doubt: owner, doubtAt: clock.now() } : { ...now, lease }
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
  const { clock, store } = session.platform
  // A lock spans one machine: when that sleeps, all do, and this clock with them.
  const awake = clock.elapsed() - began.elapsed < session.options.leaseTime
  const change: Change = (now) =>
    now?.lease && now.grantId === record.grantId && (awake || now.lease.owner === owner)
      ? { ...now, lease: { owner, beat: now.lease.beat + 1, locked: false, process: store.processes?.own } }
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
 * A lease is dead at once only if it was taken under the very lock we hold now, or if its process is known to be over; any other
 * when nothing about it changed for the lease time on our own clock.
 */
export function isDead({ platform, unchangedFor, options }: Session, record: SessionRecord, locked: boolean): boolean {
  const { lease } = record
  if (locked && lease?.locked) return true
  if (lease?.process !== undefined && platform.store.processes?.isOver(lease.process)) return true
  return unchangedFor('lease', record) >= options.leaseTime
}

/** What is left of the back-off all contexts share, ms. `asked`: the app itself wants new tokens. */
export function backOffLeft({ platform, unchangedFor }: Session, record: SessionRecord, asked?: boolean): number {
  const { failure } = record
  return failure ? backOffRest(failure, platform.clock.now(), unchangedFor('failure', record), asked) : 0
}

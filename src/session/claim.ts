import type { Claim, Hold } from './attempt.ts'
import { backOffRest } from './failure.ts'
import { moment } from './moment.ts'
import { ID_LENGTH, randomId, type SessionRecord } from './record.ts'
import type { Session } from './session.ts'

/** How long to wait before a refresh token is sent that may have been used already, in milliseconds. */
export const DOUBT_WAIT = 1_000

/** Writes a lease into the record: this context is going to send the refresh token. `undefined` if the record has changed. */
export async function claimFrom(
  session: Session,
  seen: SessionRecord,
  hold: Hold,
  asked?: boolean,
): Promise<Claim | undefined> {
  const { clock, crypto, store } = session.platform
  const owner = randomId(crypto) + (store.processes?.own ?? '')
  const began = moment(clock)
  const claimed = await session.update(
    (now) => {
      if (!isSameGeneration(now, seen) || !now.refreshToken) return undefined
      const { locked } = hold
      const isWaitedFor = now.lease && !isDead(session, now, locked)
      if (isWaitedFor || backOffLeft(session, now, asked) > 0) return undefined

      const lease = { owner, beat: 0, locked }
      const next = { ...now, lease }
      return { next: now.lease ? withDoubt(session, next, owner) : next }
    },
    { durability: 'relaxed' },
  )
  return claimed && { record: claimed.next, owner, began }
}

/** Whether `claim` has replaced the lease of another context, which has died or sleeps. */
export function isTakeover({ record, owner }: Claim): boolean {
  return record.doubt === owner
}

/**
 * Called when another context has stolen the lock. That context thinks that our lease is dead. Before it sends the refresh token, it waits and
 * reads the record again. If we have sent the refresh token already, this writes our lease once more, so that it finds it there. If we have
 * sent nothing, or this machine has slept, nothing is written.
 */
export async function takeBack(session: Session, hold: Hold): Promise<void> {
  hold.locked = false
  const claim = 'claim' in hold.attempt ? hold.attempt.claim : undefined
  if (!claim?.sent) return
  const { owner, record, began } = claim
  const { clock } = session.platform
  // The lock is for one machine. If the machine sleeps, all its contexts sleep, and this clock stands still.
  const isAwake = clock.elapsed() - began.elapsed < session.options.leaseTime
  await session
    .update((now) => {
      if (!now?.lease || now.grantId !== record.grantId) return undefined
      // If the storage was cleared, another context may not have seen our lease, and may have sent at once. It keeps its own lease.
      const wasTakenOver = now.doubt === now.lease.owner
      const mayBeTaken = isAwake && wasTakenOver
      const isOurs = now.lease.owner === owner
      if (!isOurs && !mayBeTaken) return undefined

      const lease = { owner, beat: now.lease.beat + 1, locked: false }
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

/** Whether the record still has the grant of `seen`, nobody has signed out, and nobody has refreshed. */
export function isSameGeneration(now: SessionRecord | undefined, seen: SessionRecord): now is SessionRecord {
  return now?.grantId === seen.grantId && now.generation === seen.generation && !now.signedOut
}

/** `record` with a new beat in its lease, which shows that its owner is alive. */
export function withBeat(record: SessionRecord): SessionRecord {
  const { lease } = record
  return { ...record, lease: lease && { ...lease, beat: lease.beat + 1 } }
}

/** `record` with the note that its refresh token may have been used already. */
export function withDoubt({ platform }: Session, record: SessionRecord, doubt?: string): SessionRecord {
  return { ...record, doubt: doubt ?? randomId(platform.crypto), doubtAt: platform.clock.now() }
}

/**
 * Whether the owner of the lease in `record` counts as dead. It does so at once if the lease was taken under the lock that we hold now, or if its
 * process has ended. Otherwise it does so when the lease has not changed for the lease time, on this context's own clock.
 */
export function isDead({ platform, unchangedFor, options }: Session, record: SessionRecord, locked: boolean): boolean {
  const { lease } = record
  if (locked && lease?.locked) return true
  const process = lease?.owner.slice(ID_LENGTH)
  if (process && platform.store.processes?.isOver(process)) return true
  return unchangedFor('lease', record) >= options.leaseTime
}

/** How long the back-off that all contexts share still lasts, in milliseconds. `asked`: the app itself has called `refresh()`. */
export function backOffLeft({ platform, unchangedFor }: Session, record: SessionRecord, asked?: boolean): number {
  const { failure } = record
  return failure ? backOffRest(failure, platform.clock.now(), unchangedFor('failure', record), asked) : 0
}

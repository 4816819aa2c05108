import type { EpochMs } from '../ports.ts'
import type { SessionRecord } from './record.ts'
import type { Session } from './session.ts'

/** The local limits of a session. */
export interface Limits {
  /** The first one that has passed, by `record` or the living one. */
  overdue(record?: SessionRecord): 'max_age' | 'idle' | undefined
  /** When the next one passes, wall clock. */
  readonly next: number
  /** The session was used. */
  used(now?: EpochMs): void
}

/** `maxAge` and `idleTimeout`, counted in the record, so for all contexts together. */
export function limits(session: Session): Limits {
  const { maxAge, idleTimeout } = session.options
  const { clock } = session.platform
  let written = -Infinity
  const idleAt = (usedAt = 0) => Math.max(usedAt, written) + (idleTimeout ?? Infinity)
  const maxAgeAt = (signedInAt = 0) => signedInAt + (maxAge ?? Infinity)
  return {
    overdue(record = session.live) {
      if (!record) return undefined
      const now = clock.now()
      return now >= maxAgeAt(record.signedInAt) ? 'max_age' : now >= idleAt(record.usedAt) ? 'idle' : undefined
    },
    get next() {
      return Math.min(maxAgeAt(session.live?.signedInAt), idleAt(session.live?.usedAt))
    },
    used(now = clock.now()) {
      if (idleTimeout === undefined) return
      const { live } = session
      if (!live || now - Math.max(live.usedAt, written) < idleTimeout / 10) return
      written = now
      // Off the hot path: nobody waits for it, and losing it costs a tenth of the time-out.
      session
        .update(
          (record) => {
            const isSame = record?.grantId === live.grantId && !record.signedOut
            return isSame ? { next: { ...record, usedAt: now } } : undefined
          },
          { durability: 'relaxed' },
        )
        .catch(() => {})
    },
  }
}

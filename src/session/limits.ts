import type { EpochMs } from '../ports.ts'
import type { SessionRecord } from './record.ts'
import type { Session } from './session.ts'
import type { SignOut } from './sign-out.ts'

/** The local limits of a session. */
export interface Limits {
  /** When the next one passes, wall clock. */
  readonly next: number
  /** The session was used. */
  used(now?: EpochMs): void
  /** Ends the session where one has passed. */
  check(): Promise<void>
}

/** None. */
export const NO_LIMITS: Limits = { next: Infinity, used() {}, check: async () => {} }

/** `maxAge` and `idleTimeout`, counted in the record, so for all contexts together. */
export function limits(session: Session, end: SignOut['end']): Limits {
  const { maxAge, idleTimeout } = session.options
  const { clock } = session.platform
  let written = -Infinity
  const idleAt = (usedAt = 0) => Math.max(usedAt, written) + (idleTimeout ?? Infinity)
  const maxAgeAt = (signedInAt = 0) => signedInAt + (maxAge ?? Infinity)
  /** The first one that has passed. */
  const overdue = ({ signedInAt, usedAt }: SessionRecord) => {
    const now = clock.now()
    return now >= maxAgeAt(signedInAt) ? 'max_age' : now >= idleAt(usedAt) ? 'idle' : undefined
  }
  return {
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
    async check() {
      const { live } = session
      const limit = live && overdue(live)
      // Another context may have used it since.
      if (limit) await end(limit, undefined, (record) => overdue(record) === limit)
    },
  }
}

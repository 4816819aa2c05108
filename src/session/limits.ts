import type { EpochMs } from '../ports.ts'
import type { SessionRecord } from './record.ts'
import type { Session } from './session.ts'
import type { SignOut } from './sign-out.ts'

/** The local limits of a session. */
export interface Limits {
  /** When the next limit passes, on the wall clock. */
  readonly next: number
  /** Notes that the session is used, unless the call only reacts to the events `refreshed` and `adopted`. */
  used(now?: EpochMs): void
  /** Ends the session if a limit has passed. */
  check(): Promise<void>
}

/** No limits. */
export const NO_LIMITS: Limits = { next: Infinity, used() {}, check: async () => {} }

/** Makes the limits `maxAge` and `idleTimeout`. Their times are in the record, so they are the same for all contexts. */
export function limits(session: Session, end: SignOut['end']): Limits {
  const { maxAge, idleTimeout } = session.options
  const { clock } = session.platform
  let written = -Infinity
  let reacting = false
  const idleAt = (usedAt = 0) => Math.max(usedAt, written) + (idleTimeout ?? Infinity)
  const maxAgeAt = (signedInAt = 0) => signedInAt + (maxAge ?? Infinity)
  /** The limit that has passed. `undefined` if none has. */
  const overdue = ({ signedInAt, usedAt }: SessionRecord) => {
    const now = clock.now()
    if (now >= maxAgeAt(signedInAt)) return 'max_age'
    return now >= idleAt(usedAt) ? 'idle' : undefined
  }

  // Whoever always wants the newest token asks for it after each refresh in the background. Nobody has to be there for that.
  for (const type of ['refreshed', 'adopted'] as const)
    session.on(type, () => {
      reacting = true
      void session.wait(0).then(() => {
        reacting = false
      })
    })

  return {
    get next() {
      return Math.min(maxAgeAt(session.live?.signedInAt), idleAt(session.live?.usedAt))
    },
    used(now = clock.now()) {
      const isUse = idleTimeout !== undefined && !reacting
      if (!isUse) return

      const { live } = session
      if (!live || now - Math.max(live.usedAt, written) < idleTimeout / 10) return

      written = now
      // Nobody waits for this write. If it fails, the session may end a tenth of the time-out too early.
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
      // Checked again when the record is written, because another context may have used the session.
      if (limit) await end(limit, undefined, (record) => overdue(record) === limit)
    },
  }
}

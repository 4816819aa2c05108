import type { SharedSession } from '../manager/shared-session.ts'
import type { EpochMs } from '../ports.ts'
import type { SessionState } from '../session/state.ts'

/** What `check()` of a session pool finds. */
export interface SessionCheck {
  /** The state of the session. */
  readonly state: SessionState
  /** When `idleTimeout` or `maxAge` ends the session if nobody uses it until then, in epoch milliseconds. Absent without a limit or a session. */
  readonly endsAt?: EpochMs | undefined
}

/**
 * Gives the state of a session without using it. If one of its limits has passed, the session is ended.
 * @throws TokenManagerError the store's error, if the store could not be read and the session is not in memory
 */
export async function checkSession({ session, source, limits }: SharedSession): Promise<SessionCheck> {
  await source.confirm()
  await limits.check()

  const { state } = session.held
  if (state.status !== 'signedOut') return { state, endsAt: limits.next < Infinity ? limits.next : undefined }
  const isUnknown = state.reason === 'storage_lost' && state.error
  if (isUnknown) throw state.error

  return { state }
}

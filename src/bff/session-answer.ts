import type { SessionCheck } from '../session-pool/check-session.ts'
import type { BffSettings } from './bff-settings.ts'
import type { SessionAnswer } from './page-answers.ts'

/** What the page gets if there is no session. */
export const NOBODY: SessionAnswer = { status: 'signedOut', reason: 'none' }

/** What the page gets to know of a session. */
export function sessionAnswer({ state, endsAt }: SessionCheck, { claims: shown }: BffSettings): SessionAnswer {
  if (state.status === 'loading') return NOBODY
  if (state.status === 'signedOut') return { status: 'signedOut', reason: state.reason }

  const { session, health, cause, retryAt } = state
  const { returnTo: _, claims, ...told } = session
  const isShown = ([name]: [string, unknown]) => !shown || shown.includes(name)
  const ownClaims = claims && Object.fromEntries(Object.entries(claims).filter(isShown))

  return {
    status: 'signedIn',
    session: { ...told, claims: ownClaims as typeof claims },
    health,
    retryAt,
    endsAt,
    ...(cause && { cause: { code: cause.code, reason: cause.reason, message: cause.message } }),
  }
}

import type { SessionState } from '../session/state.ts'
import { describeEntry } from '../telemetry/describe-entry.ts'
import { explainSignOut } from '../telemetry/explain-sign-out.ts'
import type { JournalEntry } from '../telemetry/journal-entry.ts'

/** One line of what is shown of a session. It holds no secret, and nothing that names the person. */
export type Part = readonly [name: string, value: string]

/** What is shown of a state. Of the claims only the names are shown. */
export function partsOf(state: SessionState): readonly Part[] {
  if (state.status === 'loading') return [['status', 'loading']]
  if (state.status === 'signedOut') {
    const { reason, error } = state
    const why: readonly Part[] = error ? [['error', `${error.code} (${error.reason})`]] : []
    return [['status', 'signed out'], ['reason', reason], ...why]
  }

  const { session, health, cause, retryAt } = state
  const claims = Object.keys(session.claims ?? {}).join(' ')
  const parts: readonly (Part | false)[] = [
    ['status', 'signed in'],
    ['health', health],
    cause ? ['cause', `${cause.code} (${cause.reason})`] : false,
    retryAt !== undefined && ['retry at', time(retryAt)],
    ['signed in at', time(session.signedInAt)],
    session.maxAgeAt !== undefined && ['ends at', time(session.maxAgeAt)],
    ['scope', session.scope],
    claims !== '' && ['claims', claims],
  ]
  return parts.filter((part) => part !== false)
}

/** A text to paste into a bug report. */
export function report(state: SessionState, entries: readonly JournalEntry[]): string {
  const explained = state.status === 'signedOut' ? explainSignOut(entries) : undefined
  const parts = partsOf(state).map(([name, value]) => `${name}: ${value}`)
  const why = explained ? [explained.summary, ...(explained.advice ? [explained.advice] : [])] : []
  const lines = entries.map((entry) => `${time(entry.at)} ${entry.context} ${entry.type}: ${describeEntry(entry)}`)
  return ['tokenward report', ...parts, ...why, '', ...lines, ''].join('\n')
}

function time(at: number): string {
  return new Date(at).toISOString()
}

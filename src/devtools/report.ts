import type { SessionState } from '../session/state.ts'
import { describeEntry } from '../telemetry/describe-entry.ts'
import { explainSignOut } from '../telemetry/explain-sign-out.ts'
import type { JournalEntry } from '../telemetry/journal-entry.ts'

/** What a person may see of a session: names and values, without a secret and without what names the person. */
export type Part = readonly [name: string, value: string]

/** The parts of a state. */
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

/** A report to put into a bug's description. */
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

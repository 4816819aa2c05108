import type { EpochMs } from '../ports.ts'
import { describeEntry } from './describe-entry.ts'
import type { JournalEntry } from './journal-entry.ts'
import { reasonText } from './reason-text.ts'

/** Why a session ended, as {@link explainSignOut} found it. */
export interface SignOutExplanation {
  /** When a tab or process first noticed the end, in epoch milliseconds. */
  readonly at: EpochMs
  /** The `reason` of the signed-out state in the tab that noticed it first. docs/states.md lists the reasons. */
  readonly reason: string
  /**
   * Who ended the session. `app`: the person or the app signed out. `server`: the authorization server ended it. `limit`: the option
   * `idleTimeout` or `maxAge` did. `device`: this device lost what was stored.
   */
  readonly by: 'app' | 'server' | 'limit' | 'device'
  /** One English sentence for developers. */
  readonly summary: string
  /** What happened in this session before it ended, in all tabs, the oldest first: at most 12 steps. The last one is the end itself. */
  readonly steps: readonly ExplainedStep[]
  /** How to keep it from happening again. Absent if the session ended as it should. */
  readonly advice?: string | undefined
}

/** One step on the way to the end of a session. */
export interface ExplainedStep {
  /** When it happened, in epoch milliseconds. */
  readonly at: EpochMs
  /** The tab or process in which it happened: `context` of the journal there. */
  readonly context: string
  /** What happened, in the words of {@link describeEntry}. */
  readonly text: string
}

/** How many steps an explanation has at most. */
const STEPS = 12

const SERVER = ['session_ended', 'rejected', 'outcome_unknown', 'expired', 'user_changed']
const LIMIT = ['idle', 'max_age']
const DEVICE = ['storage_lost', 'dpop_key_lost', 'incompatible_version']

const advice: Readonly<Record<string, string>> = {
  rejected:
    "Look in the server's log why it refused: the refresh token had expired, the person's grants were revoked, or another client used a refresh token a second time.",
  outcome_unknown:
    'A tab was closed, or the network failed, while a refresh was under way. The option refreshWorker lets refreshes outlive the tab; some servers have a grace period in which a refresh token may be used again.',
  expired: 'Ask for refresh tokens: at many servers with the scope offline_access.',
  idle: 'Set idleTimeout to what people need.',
  max_age: 'Set maxAge to what people need.',
  storage_lost:
    'The error of the state says why. The next call reads the storage again, and the session is there again if the storage has it.',
  dpop_key_lost: 'Keep option dpop for as long as sessions live that were begun with it.',
}

/**
 * Finds out from the entries of a {@link Journal} why the last session ended.
 * @param entries the entries of all tabs, the oldest first: what `journal(tokens).entries()` gives
 * @returns `undefined` if the session has not ended, or if no entry says that it did
 */
export function explainSignOut(entries: readonly JournalEntry[]): SignOutExplanation | undefined {
  // The last session begins with the last sign-in. Older entries belong to sessions before it.
  const begin = entries.map(({ type }) => type).lastIndexOf('signed_in')
  const own = entries.slice(Math.max(begin, 0)).filter(({ type }) => type !== 'opened')

  // The tab where the session ended knows the reason. The other tabs know only that it ended elsewhere.
  const ends = own.filter(({ type }) => type === 'signed_out')
  const first = ends.find(({ reason }) => reason !== 'signed_out_elsewhere') ?? ends[0]
  if (!first) return undefined

  const reason = first.reason ?? 'none'
  const steps = own.slice(0, own.indexOf(first) + 1).slice(-STEPS)
  return {
    at: first.at,
    reason,
    by: whoEnds(reason),
    summary: `The session ended because ${reasonText(reason)}`,
    steps: steps.map((entry) => ({ at: entry.at, context: entry.context, text: describeEntry(entry) })),
    advice: Object.hasOwn(advice, reason) ? advice[reason] : undefined,
  }
}

function whoEnds(reason: string): SignOutExplanation['by'] {
  if (SERVER.includes(reason)) return 'server'
  if (LIMIT.includes(reason)) return 'limit'
  return DEVICE.includes(reason) ? 'device' : 'app'
}

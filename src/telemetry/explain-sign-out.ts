import type { EpochMs } from '../ports.ts'
import { describeEntry } from './describe-entry.ts'
import type { JournalEntry } from './journal-entry.ts'
import { reasonText } from './reason-text.ts'

/** Why a session ended. */
export interface SignOutExplanation {
  /** When the end was first noticed. */
  readonly at: EpochMs
  /** `reason` of the signed-out state, of the tab where the end began. */
  readonly reason: string
  /** Who ended it: the person or the app, the server, a limit among the options, or the device. */
  readonly by: 'app' | 'server' | 'limit' | 'device'
  /** One sentence. */
  readonly summary: string
  /** What led to it, oldest first: the last decisions of that session in all tabs. */
  readonly steps: readonly ExplainedStep[]
  /** What can be done so that it does not happen again; absent where it happened as intended. */
  readonly advice?: string | undefined
}

/** A decision on the way to the end of a session. */
export interface ExplainedStep {
  /** When. */
  readonly at: EpochMs
  /** In which tab or process. */
  readonly context: string
  /** What, in words. */
  readonly text: string
}

/** How many steps are shown. */
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
    'Browsers empty the storage of sites that are not visited, and private windows lose theirs. navigator.storage.persist() helps.',
  dpop_key_lost: 'Keep option dpop for as long as sessions live that were begun with it.',
}

/**
 * Why the last session ended, from the entries of a {@link Journal}; `undefined` when it has not ended, or nothing is known.
 * @param entries what `journal(tokens).entries()` gave
 */
export function explainSignOut(entries: readonly JournalEntry[]): SignOutExplanation | undefined {
  // Of another session's end nothing is left to explain.
  const begin = entries.map(({ type }) => type).lastIndexOf('signed_in')
  const own = entries.slice(Math.max(begin, 0)).filter(({ type }) => type !== 'opened')
  const ends = own.filter(({ type }) => type === 'signed_out')
  // A tab that hears of the end says only that it was elsewhere.
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

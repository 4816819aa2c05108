import type { EpochMs } from '../ports.ts'
import type { EventBase, TokenManagerEvent, TokenManagerEventType } from '../session/events.ts'

/** What is kept of an event: when, where, what, and nothing that names a person or could be a secret. */
export interface JournalEntry extends EventBase {
  /** The event, or `opened`: the journal began in this tab or process. */
  readonly type: TokenManagerEventType | 'opened'
  /** Which tab or process it was in: four characters, random, new at each load. */
  readonly context: string
  /** Why. */
  readonly reason?: string | undefined
  /** How a refresh that brought nothing ended. */
  readonly outcome?: string | undefined
  /** Milliseconds. */
  readonly duration?: number | undefined
  /** How often a refresh token was sent. */
  readonly attempt?: number | undefined
  /** HTTP status of the answer. */
  readonly status?: number | undefined
  /** Not before this time. */
  readonly retryAt?: EpochMs | undefined
  /** Whether a refused token is replaced. */
  readonly replaced?: boolean | undefined
  /** `refresh_token` or `access_token`. */
  readonly kind?: string | undefined
  /** Whether a revocation is given up. */
  readonly final?: boolean | undefined
  /** What was being done when the storage refused. */
  readonly during?: string | undefined
  /** What the platform lacks. */
  readonly step?: string | undefined
  /** Milliseconds that a clock is off. */
  readonly by?: number | undefined
}

const kept = [
  'grant',
  'generation',
  'reason',
  'outcome',
  'duration',
  'attempt',
  'status',
  'retryAt',
  'replaced',
  'kind',
  'final',
  'during',
  'step',
  'by',
] as const satisfies readonly (keyof JournalEntry)[]

/** `event` as it is kept: the members that are known to hold no secret, texts short and printable. */
export function journalEntry(event: TokenManagerEvent, context: string): JournalEntry {
  const entry: Record<string, unknown> = { at: event.at, type: event.type, context }
  const given = new Map<string, unknown>(Object.entries(event))
  for (const name of kept) {
    const value = given.get(name)
    if (value === undefined) continue
    // A program names the reason of a refresh of its own.
    entry[name] = typeof value === 'string' ? value.slice(0, 64).replace(/[^ -~]/g, '?') : value
  }
  return entry as unknown as JournalEntry
}

/** Whether `value` can be understood as an entry: another version may have written it. */
export function isJournalEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false
  const { at, type, context } = value as Partial<Record<keyof JournalEntry, unknown>>
  return Number.isFinite(at) && typeof type === 'string' && typeof context === 'string'
}

import type { EpochMs } from '../ports.ts'
import type { EventBase, TokenManagerEvent, TokenManagerEventType } from '../session/events.ts'

/**
 * What a journal keeps of an event. It holds no secret, and nothing that names a person. Texts have at most 64 characters, all of them
 * printable ASCII. A member is absent if the event has none of that name.
 */
export interface JournalEntry extends EventBase {
  /** The type of the event. `opened` is the journal's own: it began in this tab or process. */
  readonly type: TokenManagerEventType | 'opened'
  /** The tab or process in which it happened: four hexadecimal digits, chosen at random each time the page or process starts. */
  readonly context: string
  /** Why it happened: the `reason` of the event. */
  readonly reason?: string | undefined
  /** How a refresh ended that gave no new tokens. */
  readonly outcome?: string | undefined
  /** How long it took, in milliseconds. */
  readonly duration?: number | undefined
  /** How many times this refresh has sent a refresh token. */
  readonly attempt?: number | undefined
  /** The HTTP status of the answer. */
  readonly status?: number | undefined
  /** The earliest time of the next try, in epoch milliseconds. */
  readonly retryAt?: EpochMs | undefined
  /** Whether the token that an API refused is replaced by a new one. */
  readonly replaced?: boolean | undefined
  /** Which token was to be revoked: `refresh_token` or `access_token`. */
  readonly kind?: string | undefined
  /** Whether the revocation is given up. If not, it is tried again. */
  readonly final?: boolean | undefined
  /** What the library was doing when the storage failed. */
  readonly during?: string | undefined
  /** Which feature the platform lacks. */
  readonly step?: string | undefined
  /** By how much a clock was set, or is wrong, in milliseconds. */
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

/** Makes the entry for `event`. It takes only members that never hold a secret, and keeps texts short and printable. */
export function journalEntry(event: TokenManagerEvent, context: string): JournalEntry {
  const entry: Record<string, unknown> = { at: event.at, type: event.type, context }
  const given = new Map<string, unknown>(Object.entries(event))

  for (const name of kept) {
    const value = given.get(name)
    if (value === undefined) continue

    // A text may come from the application: refresh({ reason }) takes any.
    entry[name] = typeof value === 'string' ? value.slice(0, 64).replace(/[^ -~]/g, '?') : value
  }

  return entry as unknown as JournalEntry
}

/** Whether `value` is an entry. It is checked because another version of this library may have written it. */
export function isJournalEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false

  const { at, type, context } = value as Partial<Record<keyof JournalEntry, unknown>>
  return Number.isFinite(at) && typeof type === 'string' && typeof context === 'string'
}

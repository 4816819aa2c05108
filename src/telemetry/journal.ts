import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Clock, Store } from '../ports.ts'
import { listenerSet } from '../session/listener-set.ts'
import type { SessionState } from '../session/state.ts'
import { eventTypes } from './event-types.ts'
import { isJournalEntry, type JournalEntry, journalEntry } from './journal-entry.ts'

/** How many entries a journal keeps. */
export const LIMIT = 200

/** How often a write is tried again when other tabs write at the same time. */
const TRIES = 20

/** Options of {@link journal}. */
export interface JournalOptions {
  /**
   * Where it is kept over reloads, for all tabs or processes: `indexedDbStore()` of `tokenward/browser`, `fileStore()`, `redisStore()`. It
   * holds no secret. Default: this tab's memory.
   */
  readonly store?: Store<unknown>
  /** The key in the store. Default `tokenward.journal`. Managers of different accounts need one each. */
  readonly key?: string
  /** Tells the time. Default: the machine's clock. A manager that is given a clock needs the same one here. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What a journal listens to: a manager, or a session pool. */
export type JournalSource = Pick<TokenManager, 'on'> & Partial<Pick<TokenManager, 'subscribe'>>

/** The last decisions of a session, and why they were made. */
export interface Journal {
  /** Which tab or process this is: the `context` of its own entries. */
  readonly context: string
  /** The last 200 entries of all tabs, oldest first. Never rejects: what the store does not give is missing. */
  entries(): Promise<readonly JournalEntry[]>
  /** Calls the listener for every entry that is added here. Returns a function that ends this. */
  subscribe(listener: (entry: JournalEntry) => void): () => void
  /** Forgets everything, in the store too. */
  clear(): Promise<void>
  /** Adds nothing any more. What is kept stays. */
  stop(): void
}

/**
 * Keeps the last 200 decisions of a session, so that "why was I signed out last night" has an answer: {@link explainSignOut}. No entry holds
 * a secret or names a person. A store that fails costs entries, and nothing else. Starts the manager, as its `subscribe()` does.
 */
export function journal(source: JournalSource, options: JournalOptions = {}): Journal {
  const { store, key = 'tokenward.journal', clock = systemClock } = options
  const listeners = listenerSet<JournalEntry>()
  const context = nameOfContext()
  let waiting: readonly JournalEntry[] = []
  let writing: Promise<void> | undefined

  const add = (entry: JournalEntry) => {
    waiting = [...waiting, entry].slice(-LIMIT)
    listeners.tell(entry)
    void written()
  }
  const undo = eventTypes.map((type) => source.on(type, (event) => add(journalEntry(event, context))))
  add({ at: clock.now(), type: 'opened', context })

  // A session that is found ended at the start is no event.
  let status: SessionState['status'] = 'loading'
  const stopStates = source.subscribe?.((state) => {
    const isFoundEnded = status === 'loading' && state.status === 'signedOut' && state.reason !== 'none'
    status = state.status
    if (isFoundEnded) add({ at: clock.now(), type: 'signed_out', context, reason: state.reason })
  })

  return {
    context,
    async entries() {
      await written()
      const kept = await read(store, key)
      return ordered([...kept.entries, ...waiting])
    },
    subscribe: (listener) => listeners.add(listener),
    async clear() {
      await written()
      waiting = []
      const { tag } = await read(store, key)
      await store?.swap(key, tag, undefined).catch(() => {})
    },
    stop() {
      stopStates?.()
      for (const stop of undo) stop()
    },
  }

  /** Resolves when everything that waited was written, or the store refused. */
  async function written(): Promise<void> {
    writing ??= write()
    await writing
  }

  async function write(): Promise<void> {
    // What happens in the same turn is written together.
    await undefined
    if (store) await appendTo(store)
    writing = undefined
  }

  async function appendTo(store: Store<unknown>): Promise<void> {
    for (let tries = 0; tries < TRIES && waiting.length > 0; tries++) {
      const batch = waiting
      const isWritten = await append(store, key, batch)
      if (isWritten === undefined) return
      if (isWritten) waiting = waiting.filter((entry) => !batch.includes(entry))
    }
  }
}

/** One attempt. `false`: another tab was quicker; `undefined`: the store refuses. */
async function append(
  store: Store<unknown>,
  key: string,
  batch: readonly JournalEntry[],
): Promise<boolean | undefined> {
  try {
    const row = await store.get(key)
    const entries = ordered([...entriesOf(row?.value), ...batch])
    return await store.swap(key, row?.tag, { version: 1, entries }, { durability: 'relaxed' })
  } catch {
    return undefined
  }
}

async function read(store: Store<unknown> | undefined, key: string) {
  const row = await store?.get(key).catch(() => undefined)
  return { tag: row?.tag, entries: entriesOf(row?.value) }
}

/** What a store gave, as far as it can be understood. */
function entriesOf(value: unknown): readonly JournalEntry[] {
  if (typeof value !== 'object' || value === null) return []
  const { entries } = value as { readonly entries?: unknown }
  return Array.isArray(entries) ? entries.filter(isJournalEntry) : []
}

function ordered(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  return [...entries].sort((a, b) => a.at - b.at).slice(-LIMIT)
}

function nameOfContext(): string {
  return [...webCrypto.randomBytes(2)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

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

/** How many times a write is tried when other tabs write at the same time. */
const TRIES = 20

/** Options of {@link journal}. */
export interface JournalOptions {
  /**
   * Where entries are kept, so that they outlive a reload and all tabs or processes share them: `indexedDbStore()` of `tokenward/browser`,
   * `fileStore()` of `tokenward/node`, `redisStore()` of `tokenward/redis`. Entries hold no secret, so the store needs no encryption.
   * Default: the memory of this tab or process.
   */
  readonly store?: Store<unknown>
  /** The key of the journal in the store. Give each account its own key. Default `tokenward.journal`. */
  readonly key?: string
  /** Tells the time. If you give the manager a clock, give the same one here. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What a journal listens to: a manager or a session pool. */
export type JournalSource = Pick<TokenManager, 'on'> & Partial<Pick<TokenManager, 'subscribe'>>

/** The last 200 things that happened to a session, with their reasons. Made by {@link journal}. */
export interface Journal {
  /** The name of this tab or process: `context` of the entries that are added here. */
  readonly context: string
  /** Gives the last 200 entries of all tabs or processes, the oldest first. Never rejects: if the store fails, its entries are missing. */
  entries(): Promise<readonly JournalEntry[]>
  /** Calls `listener` for every entry that is added in this tab or process. Returns a function that ends this. */
  subscribe(listener: (entry: JournalEntry) => void): () => void
  /** Removes all entries, also from the store. Resolves when that is done, and also if the store fails. */
  clear(): Promise<void>
  /** Stops listening: no entry is added any more. The entries that there are stay. */
  stop(): void
}

/**
 * Keeps the last 200 things that happened to a session, so that {@link explainSignOut} can say why it ended. No entry holds a secret or names
 * a person. If the store fails, entries may be lost; the session is not affected. This starts the manager, as its `subscribe()` does.
 * @param source the manager or session pool to listen to
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

  // A session that had ended before this page was loaded gives no event, only a state.
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

  /** Resolves when all waiting entries are written, or when the store has failed. */
  async function written(): Promise<void> {
    writing ??= write()
    await writing
  }

  async function write(): Promise<void> {
    // Entries that are added in the same turn are written together.
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

/** Tries once to add `batch`. Gives `false` if another tab wrote in the meantime, and `undefined` if the store failed. */
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

/** The entries in what a store gave. Anything that is no entry is left out. */
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

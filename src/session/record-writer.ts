import type { Platform, SwapOptions } from '../ports.ts'
import type { TokenManagerEvents } from './events.ts'
import { NEWER_VERSION, type SessionRecord, supersedes, tombstone } from './record.ts'
import type { RecordReader } from './record-reader.ts'
import type { Held, SessionEvent } from './state.ts'

/** The result of a change. `next` is written. Without it the record stays as it is. It may have more members, for the caller. */
export type Decision = { readonly next?: SessionRecord | undefined } | undefined

/** Decides what to write, from the present record. It has to be pure, because it is called again if another context wrote first. */
export type Change<D extends Decision = Decision> = (record: SessionRecord | undefined) => D

/** How a record is written. */
export interface UpdateOptions extends SwapOptions {
  /** The `returnTo` of the state, if this write signs somebody in. */
  readonly returnTo?: string | undefined
}

/** Writes the record. */
export interface RecordWriter {
  /**
   * Writes what `change` decides by compare-and-set, and applies the new record to the state. Records are written in no other way.
   * @returns the decision that was carried out
   * @throws NEWER_VERSION, and whatever the store rejects with
   */
  update<D extends Decision>(change: Change<D>, options?: UpdateOptions): Promise<D>
  /** Writes the session in memory, or its end, if the store has lost it or could not be written before. */
  save(): Promise<void>
  /** Calls `work` again and again until the store works. */
  retry(work: () => Promise<unknown>, during: string): Promise<void>
}

/** The parts of a session that writing needs. */
interface Writing extends Pick<RecordReader, 'look' | 'note' | 'turn'> {
  readonly platform: Platform
  readonly name: string
  readonly held: Held
  readonly closed: boolean
  /** How many calls of `retry()` are running. */
  retrying: number
  apply(event: SessionEvent): void
  emit<T extends 'store_failed'>(type: T, details: TokenManagerEvents[T]): void
  wait(time: number): Promise<void>
}

const FIRST_DELAY = 250
// Shorter than a takeover waits: once the storage works again, new tokens are stored before anybody sends the old one.
const LAST_DELAY = 750

/** Makes a writer. */
export function recordWriter(session: Writing): RecordWriter {
  const { store } = session.platform
  return { update, save, retry }

  async function update<D extends Decision>(
    change: Change<D>,
    { returnTo, ...durability }: UpdateOptions = {},
  ): Promise<D> {
    for (;;) {
      const { record, tag, order, isNewer } = await session.look()
      if (isNewer) throw NEWER_VERSION

      const decision = change(record)
      const next = decision?.next
      // An end that was read is applied at once, and not only after the write.
      if (!next || record?.signedOut) session.apply({ type: 'read', record, order })
      if (!next) return decision

      if (await store.swap(session.name, tag, next, durability)) {
        session.note(next)
        // If another context brought this generation, the write told nothing new of its own.
        const own = !record || supersedes(next, record)
        session.apply({ type: 'read', record: next, order: session.turn(), own, returnTo })
        return decision
      }
    }
  }

  async function save(): Promise<void> {
    await update((now) => {
      // Read here and not before, because the session may have ended while this waited for the store.
      const { record, unsaved } = session.held
      if (!record) return undefined
      if (now && !supersedes(record, now)) {
        // The sign-in may have been stored although the write seemed to fail, and another sign-in may have replaced it since.
        const isStored = now.grantId === record.grantId || supersedes(now, record)
        if (isStored || !unsaved) return undefined
      }

      if (unsaved) return unsaved(now)
      if (record.signedOut) return now && { next: tombstone(now, record.signedOut) }
      const { outbox, revoked = record.revoked } = now ?? record
      return { next: { ...record, lease: undefined, outbox, revoked } }
    })
  }

  async function retry(work: () => Promise<unknown>, during: string): Promise<void> {
    session.retrying++
    for (let delay = FIRST_DELAY; !session.closed; delay = Math.min(2 * delay, LAST_DELAY)) {
      try {
        await work()
        break
      } catch {
        if (delay === FIRST_DELAY) session.emit('store_failed', { during })
        await session.wait(delay)
      }
    }
    session.retrying--
  }
}

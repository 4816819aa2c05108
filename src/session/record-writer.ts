import type { Platform, SwapOptions } from '../ports.ts'
import type { TokenManagerEvents } from './events.ts'
import { NEWER_VERSION, revocable, type SessionRecord, supersedes, tombstone } from './record.ts'
import type { RecordReader } from './record-reader.ts'
import type { Held, SessionEvent } from './state.ts'

/** What a change decided: `next` is written, and without it the record stays as it is. It may say more, for whoever asked. */
export type Decision = { readonly next?: SessionRecord | undefined } | undefined

/** Decides on the record as it is now. Pure, for it is asked again when another context was quicker. */
export type Change<D extends Decision = Decision> = (record: SessionRecord | undefined) => D

/** How a record is written. */
export interface UpdateOptions extends SwapOptions {
  /** For the state, when this write signs in. */
  readonly returnTo?: string | undefined
}

/** Writes the record. */
export interface RecordWriter {
  /**
   * Writes by compare-and-set what `change` decides; what the record is then is applied. The only way a record is written.
   * @returns the decision that was carried out
   * @throws NEWER_VERSION, and whatever the store rejects with
   */
  update<D extends Decision>(change: Change<D>, options?: UpdateOptions): Promise<D>
  /** Writes what memory knows of the session, or of its end, where the store lost it or could not be written. */
  save(): Promise<void>
  /** Does `work` again and again until the store lets it. */
  retry(work: () => Promise<unknown>, during: string): Promise<void>
}

/** What writing needs of a session. */
interface Writing extends Pick<RecordReader, 'look' | 'note' | 'turn'> {
  readonly platform: Platform
  readonly name: string
  readonly held: Held
  readonly closed: boolean
  /** How many `retry()` are under way. */
  retrying: number
  apply(event: SessionEvent): void
  emit<T extends 'store_failed'>(type: T, details: TokenManagerEvents[T]): void
  wait(time: number): Promise<void>
}

const FIRST_DELAY = 250
// Shorter than a takeover waits: once the storage works again, new tokens are stored before anybody sends the old one.
const LAST_DELAY = 750

/** Nothing written yet. */
export function recordWriter(session: Writing): RecordWriter {
  const { clock, store } = session.platform
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
      // An end counts from when it was read, not from when this write is done.
      if (!next || record?.signedOut) session.apply({ type: 'read', record, order })
      if (!next) return decision

      if (await store.swap(session.name, tag, next, durability)) {
        session.note(next)
        session.apply({ type: 'read', record: next, order: session.turn(), own: true, returnTo })
        return decision
      }
    }
  }

  async function save(): Promise<void> {
    await update((now) => {
      // As it is now: the session may have ended while this waited for the store.
      const { record, unsaved } = session.held
      if (!record) return undefined
      if (now && !supersedes(record, now)) {
        // A write whose answer was lost may have stored the sign-in, and another one may have taken its place since.
        const isStored = now.grantId === record.grantId || supersedes(now, record)
        if (isStored || !unsaved) return undefined
      }

      if (unsaved) return unsaved(now)
      if (record.signedOut) return now && { next: tombstone(now, record.signedOut, revocable(now, clock.now())) }
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

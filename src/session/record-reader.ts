import type { TokenManagerError } from '../errors.ts'
import type { Platform } from '../ports.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import type { TokenManagerEvents } from './events.ts'
import { isLocked } from './locked-storage.ts'
import { ageOf, type Moment, moment, NEVER } from './moment.ts'
import { readRecord, type SessionRecord } from './record.ts'
import { type RecordWatch, recordWatch } from './record-watch.ts'
import type { SessionEvent } from './state.ts'

/** One look at the record. */
export interface Seen {
  /** Its place among the reads and writes of this context. */
  readonly order: number
  readonly record: SessionRecord | undefined
  readonly tag: string | undefined
  /** A newer version of this library wrote it: it is never written. */
  readonly isNewer: boolean
}

/** Reads the record, and knows how old that knowledge is. */
export interface RecordReader extends RecordWatch {
  /** Reads the record; what it shows is applied. `undefined`: there is none. Whoever asks in the same turn shares the read. */
  read(): Promise<SessionRecord | undefined>
  /** Reads the record for somebody who is about to write it; what it says is not applied. What cannot be a session is removed. */
  look(): Promise<Seen>
  /** The place of a read or write that is made now. */
  turn(): number
  /** How long ago the last `read()` began, ms, on the larger of both clocks; Infinity once something says that it is stale. */
  age(at?: Moment): number
  /** What was read so far may be stale: nothing counts as confirmed but a read that begins now or later. */
  suspect(): void
}

/** What reading needs of a session. */
interface Reading {
  readonly platform: Platform
  readonly server: AuthorizationServer
  readonly name: string
  locked: TokenManagerError | undefined
  tag: string | undefined
  apply(event: SessionEvent): void
  emit<T extends 'storage_corrupt'>(type: T, details: TokenManagerEvents[T]): void
}

/** Nothing read yet. */
export function recordReader(session: Reading): RecordReader {
  const { clock, store } = session.platform
  const watch = recordWatch(clock)
  let lastOrder = 0
  let suspectedAt = 0
  let confirmed = NEVER
  let reading: Promise<SessionRecord | undefined> | undefined

  return {
    ...watch,
    look,
    turn: () => ++lastOrder,
    read() {
      reading ??= readNow()
      return reading
    },
    age: (at = moment(clock)) => ageOf(confirmed, at),
    suspect() {
      suspectedAt = lastOrder
      confirmed = NEVER
    },
  }

  async function readNow() {
    // All who ask in one turn share one read, as those whom a message wakes.
    void Promise.resolve().then(() => {
      reading = undefined
    })
    const began = moment(clock)
    const { order, record, tag } = await look()
    session.tag = tag
    const isLatest = began.elapsed >= confirmed.elapsed
    if (order > suspectedAt && isLatest) confirmed = began
    session.apply({ type: 'read', record, order })
    return record
  }

  async function look(): Promise<Seen> {
    const order = ++lastOrder
    const { record, tag, problem } = await readRecord(store, session.name, session.server).catch((error) => {
      watch.noteFailure()
      session.locked = isLocked(error) ? error : undefined
      throw error
    })
    session.locked = undefined
    if (problem === 'corrupt') {
      if (await store.swap(session.name, tag, undefined)) session.emit('storage_corrupt', {})
      return look()
    }
    const isNewer = problem === 'newer'
    if (isNewer) session.apply({ type: 'none', reason: 'incompatible_version' })

    watch.note(record)
    return { order, record, tag, isNewer }
  }
}

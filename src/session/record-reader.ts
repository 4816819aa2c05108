import type { TokenManagerError } from '../errors.ts'
import type { Platform } from '../ports.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import type { TokenManagerEvents } from './events.ts'
import { ageOf, type Moment, moment, NEVER } from './moment.ts'
import { readRecord, type SessionRecord } from './record.ts'
import { type RecordWatch, recordWatch } from './record-watch.ts'
import type { SessionEvent } from './state.ts'

/** The record, as one read found it. */
export interface Seen {
  /** The number of this read among the reads and writes of this context. */
  readonly order: number
  readonly record: SessionRecord | undefined
  readonly tag: string | undefined
  /** Whether a newer version of this library wrote it. Then this version never overwrites it. */
  readonly isNewer: boolean
}

/** Reads the record, and remembers when it was read. */
export interface RecordReader extends RecordWatch {
  /** Reads the record and applies it to the state. `undefined` if there is none. Callers in the same turn share one read. */
  read(): Promise<SessionRecord | undefined>
  /** Reads the record before a write, without applying it to the state. A record that is no session is removed. */
  look(): Promise<Seen>
  /** The number of a read or write that is made now. */
  turn(): number
  /** How long ago the last `read()` began, in milliseconds, on the clock that shows more. Infinity after `suspect()`. */
  age(at?: Moment): number
  /** Notes that the record may have changed. Only a read that begins after this counts as up to date. */
  suspect(): void
}

/** The parts of a session that reading needs. */
interface Reading {
  readonly platform: Platform
  readonly server: AuthorizationServer
  readonly name: string
  locked: TokenManagerError | undefined
  tag: string | undefined
  apply(event: SessionEvent): void
  emit<T extends 'storage_corrupt'>(type: T, details: TokenManagerEvents[T]): void
}

/** Makes a reader that has read nothing yet. */
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
    // Callers in the same turn share one read, such as all those who are woken by one message.
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
      // Until the device is unlocked, which passes.
      session.locked = error?.reason === 'storage_locked' ? error : undefined
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

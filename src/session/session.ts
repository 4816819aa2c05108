import type { TokenManagerError } from '../errors.ts'
import type { Platform, SwapOptions } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import type { EventListener, TokenManagerEvent, TokenManagerEvents, TokenManagerEventType } from './events.ts'
import { listenerSet } from './listener-set.ts'
import { isLocked } from './locked-storage.ts'
import { transitionWithKey } from './lost-key.ts'
import {
  type Found,
  NEWER_VERSION,
  readRecord,
  revocable,
  type SessionRecord,
  supersedes,
  tombstone,
  update,
} from './record.ts'
import { type RecordWatch, recordWatch } from './record-watch.ts'
import type { ScheduleOptions } from './schedule.ts'
import { type Held, LOADING, type SessionEffect, type SessionEvent, type SessionState } from './state.ts'

/** Everything that governs one session, complete and checked. Milliseconds. */
export interface SessionOptions extends ScheduleOptions {
  readonly requestTimeout: number
  /** How long a lease lives that nobody renews. */
  readonly leaseTime: number
  /** How long to wait for the lock. */
  readonly lockTimeout: number
  /** How old the last read of the record may be when a token is used. */
  readonly confirmInterval: number
  /** What the access token of a sign-in itself is for. */
  readonly signInTarget: Target
  readonly idleTimeout?: number | undefined
  readonly maxAge?: number | undefined
  /** Whether a sign-in revokes what it replaces of the same person, too. */
  readonly revokeReplaced: boolean
}

/** Computes the next record; pure, may run again. `undefined` leaves it as it is. */
export type Change = (record: SessionRecord | undefined) => SessionRecord | undefined

/** How a record is written. */
export interface UpdateOptions extends SwapOptions {
  /** For the state, when this write signs in. */
  readonly returnTo?: string | undefined
}

/** What one context has to do with a session's record: its place, its state, and the only ways to read and write it. */
export interface Session {
  readonly platform: Platform
  readonly server: AuthorizationServer
  readonly options: SessionOptions
  /** Key of the record, name of the lock and of the channel: a hash, it tells nothing. Set once, before the first read. */
  name: string
  readonly held: Held
  /** The living record in memory. */
  readonly live: SessionRecord | undefined
  /** How long ago the last read began, ms, on the larger of both clocks; Infinity once something says that it is stale. */
  readonly age: number
  readonly closed: boolean
  /** Why the last read failed, where the storage is locked; whether there is a session is not known then. */
  readonly locked: TokenManagerError | undefined
  apply(event: SessionEvent): void
  /** Reads the record; what it shows is applied. `undefined`: there is none. */
  read(): Promise<SessionRecord | undefined>
  /** Writes by compare-and-set; what the record is then is applied. */
  update(change: Change, options?: UpdateOptions): Promise<{ record: SessionRecord | undefined; written: boolean }>
  /** Writes what memory knows of the session, or of its end, where the store lost it or could not be written. */
  save(): Promise<void>
  readonly unchangedFor: RecordWatch['unchangedFor']
  emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void
  on<T extends TokenManagerEventType>(type: T, listener: EventListener<T>): () => void
  subscribe(listener: (state: SessionState) => void): () => void
  /** What was read so far may be stale: nothing counts as confirmed but a read that begins now or later. */
  suspect(): void
  /** What the timers, the channel and the outbox do about a change. */
  onEffect(effect: (effect: SessionEffect) => void): void
  /** Resolves after `time` ms of the monotonic clock, or earlier at `wake()`. */
  pause(time: number): Promise<void>
  /** Somebody may have changed the record: whoever pauses looks again. */
  wake(): void
  /** Resolves after `time` ms of the monotonic clock. */
  wait(time: number): Promise<void>
  /** Does `work` again and again until the store lets it. */
  retry(work: () => Promise<unknown>, during: string): Promise<void>
  /** Whether something is in memory only, for as long as the store refuses it. */
  readonly retrying: boolean
  close(): void
}

const FIRST_DELAY = 250
// Shorter than a takeover waits: once the storage works again, new tokens are stored before anybody sends the old one.
const LAST_DELAY = 750
const NEVER = { elapsed: -Infinity, now: -Infinity }

/** A session that has read nothing yet and started nothing. */
export function createSession(base: Pick<Session, 'platform' | 'server' | 'options'>): Session {
  const { platform, server, options } = base
  const { clock, store } = platform
  const states = listenerSet<SessionState>()
  const events = listenerSet<TokenManagerEvent>()
  const watch = recordWatch(clock)
  const pausing = new Set<() => void>()
  let held: Held = LOADING
  let effectRunner: (effect: SessionEffect) => void = () => {}
  let order = 0
  let confirmed = NEVER
  let suspectedAt = 0
  let retries = 0
  let reading: Promise<SessionRecord | undefined> | undefined
  let locked: TokenManagerError | undefined

  const session: Session = {
    ...{ platform, server, options, name: '', closed: false },
    get age() {
      return Math.max(clock.elapsed() - confirmed.elapsed, clock.now() - confirmed.now)
    },
    get locked() {
      return locked
    },
    get held() {
      return held
    },
    get live() {
      return held.state.status === 'signedIn' ? held.record : undefined
    },
    apply(event) {
      const before = held.state
      const [next, effects] = transitionWithKey(session, event)
      held = next
      for (const effect of effects) {
        if (effect === 'notify') announce(before)
        else if (effect === 'arm' || effect === 'drain') effectRunner(effect)
        // Whatever is being tried again puts that right too.
        else if (effect !== 'storage_lost' || !retries) {
          session.emit(effect, {})
          if (effect === 'storage_lost') void session.retry(() => session.save(), effect)
        }
      }
    },
    read: () => (reading ??= readNow()),
    async update(change, { returnTo, ...durability } = {}) {
      let began = 0
      const look = async () => {
        began = ++order
        const found = await find()
        const record = recordOf(found)
        // An end counts from when it was read, not from when this write is done.
        if (record?.signedOut) session.apply({ type: 'read', record, order: began })
        return found
      }
      const result = await update(look, store, session.name, change, durability).catch((error: unknown) => {
        if (error === NEWER_VERSION) session.apply({ type: 'none', reason: 'incompatible_version' })
        throw error
      })
      const { record, written } = result
      watch.note(record)
      session.apply({ type: 'read', record, order: written ? ++order : began, own: written, returnTo })
      return result
    },
    async save() {
      await session.update((now) => {
        // As it is now: the session may have ended while this waited for the store.
        const { record, unsaved } = held
        if (!record || (now && (now.grantId === record.grantId ? !supersedes(record, now) : !unsaved))) return undefined
        if (unsaved) return unsaved(now)
        if (record.signedOut) return now && tombstone(now, record.signedOut, revocable(now, clock.now()))
        const { lease: _, ...kept } = record
        return { ...kept, outbox: now?.outbox ?? record.outbox, revoked: now?.revoked ?? record.revoked }
      })
    },
    unchangedFor: watch.unchangedFor,
    emit(type, details) {
      const { grantId, generation } = held.record ?? {}
      events.tell({ type, at: clock.now(), grant: grantId?.slice(0, 8), generation, ...details } as TokenManagerEvent)
    },
    on: (type, listener) => events.add((event) => event.type === type && listener(event as never)),
    subscribe(listener) {
      listener(held.state)
      return states.add(listener)
    },
    suspect() {
      suspectedAt = order
      confirmed = NEVER
    },
    onEffect(run) {
      effectRunner = run
    },
    pause: (time) =>
      new Promise((resolve) => {
        const wake = () => {
          cancel()
          pausing.delete(wake)
          resolve()
        }
        const cancel = clock.at(clock.elapsed() + time, wake)
        pausing.add(wake)
      }),
    wake() {
      for (const wake of [...pausing]) wake()
    },
    wait: (time) => new Promise((resolve) => void clock.at(clock.elapsed() + time, resolve)),
    retry(work, during) {
      const again = async (delay: number): Promise<void> => {
        if (session.closed) return
        await work().catch(async () => {
          if (delay === FIRST_DELAY) session.emit('store_failed', { during })
          await session.wait(delay)
          await again(Math.min(2 * delay, LAST_DELAY))
        })
      }
      retries++
      return again(FIRST_DELAY).finally(() => retries--)
    },
    get retrying() {
      return retries > 0
    },
    close: () => void Object.assign(session, { closed: true }),
  }
  return session

  async function readNow() {
    // All who ask in one turn share one read, as those whom a message wakes.
    void Promise.resolve().then(() => {
      reading = undefined
    })
    const began = { order: ++order, elapsed: clock.elapsed(), now: clock.now() }
    const found = await find()
    if (began.order > suspectedAt && began.elapsed >= confirmed.elapsed) confirmed = began
    if (found.kind === 'newer') session.apply({ type: 'none', reason: 'incompatible_version' })
    else session.apply({ type: 'read', record: recordOf(found), order: began.order })
    return recordOf(found)
  }

  /** Reads, notes since when things look the way they do, and takes away what cannot be a session. */
  async function find(): Promise<Found> {
    const found = await readRecord(store, session.name, server).catch((error) => {
      watch.noteFailure()
      locked = isLocked(error) ? error : undefined
      throw error
    })
    locked = undefined
    if (found.kind === 'corrupt') {
      if (await store.swap(session.name, found.tag, undefined)) session.emit('storage_corrupt', {})
      return find()
    }
    watch.note(recordOf(found))
    return found
  }

  function announce(before: SessionState) {
    const { state } = held
    if (state.status === 'signedOut' && before.status === 'signedIn')
      session.emit('signed_out', { reason: state.reason })
    states.tell(state)
  }
}

const recordOf = (found: Found): SessionRecord | undefined => (found.kind === 'record' ? found.record : undefined)

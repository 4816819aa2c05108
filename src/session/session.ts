import type { TokenManagerError } from '../errors.ts'
import type { Platform } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import type { EventListener, TokenManagerEvent, TokenManagerEvents, TokenManagerEventType } from './events.ts'
import { listenerSet } from './listener-set.ts'
import { transitionWithKey } from './lost-key.ts'
import type { SessionRecord } from './record.ts'
import { type RecordReader, recordReader } from './record-reader.ts'
import { type RecordWriter, recordWriter } from './record-writer.ts'
import type { ScheduleOptions } from './schedule.ts'
import { type Held, LOADING, type SessionEffect, type SessionEvent, type SessionState } from './state.ts'

/** The options of one session, complete and checked. Milliseconds. */
export interface SessionOptions extends ScheduleOptions {
  readonly requestTimeout: number
  /** How long a lease is valid. */
  readonly leaseTime: number
  /** How long to wait for the lock. */
  readonly lockTimeout: number
  /** How old the last read of the record may be when a token is used. */
  readonly confirmInterval: number
  /** Which API the access token of a sign-in is for. */
  readonly signInTarget: Target
  readonly idleTimeout?: number | undefined
  readonly maxAge?: number | undefined
  /** Whether a sign-in also revokes the tokens that it replaces if they belong to the same person. */
  readonly revokeReplaced: boolean
}

/** A session, as one context has it: its state in memory, and the only ways to read and write its record. */
export interface Session
  extends Pick<RecordReader, 'read' | 'age' | 'suspect' | 'unchangedFor'>,
    Pick<RecordWriter, 'update' | 'save' | 'retry'> {
  readonly platform: Platform
  readonly server: AuthorizationServer
  readonly options: SessionOptions
  /** The key of the record, and the name of the lock and of the channel. It is a hash. Set once, before the first read. */
  name: string
  readonly held: Held
  /** The state for the app. While a sign-in is being completed, it is `loading` instead of `signedOut`. */
  readonly shown: SessionState
  /** The sign-in that the answer in the address bar completes. Never rejects. `undefined` if there is none. */
  readonly completing: Promise<void> | undefined
  /** The record in memory, if somebody is signed in. */
  readonly live: SessionRecord | undefined
  readonly closed: boolean
  /** The error of the last read, if the storage is locked. It is then not known whether there is a session. */
  readonly locked: TokenManagerError | undefined
  /** The tag of the record at the last read. */
  readonly tag: string | undefined
  /** How many changes are only in memory, because the store has failed. */
  readonly retrying: number
  apply(event: SessionEvent): void
  emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void
  on<T extends TokenManagerEventType>(type: T, listener: EventListener<T>): () => void
  subscribe(listener: (state: SessionState) => void): () => void
  /** Shows `loading` instead of `signedOut` until `completing` has settled. */
  complete(completing: Promise<void>): Promise<void>
  /** Called with changes that timers and the outbox have to react to. `startUpkeep()` sets it. */
  onEffect: (effect: SessionEffect) => void
  /** Resolves after `time` ms of the monotonic clock, or earlier when `wake()` is called. */
  pause(time: number): Promise<void>
  /** Ends all pauses, because the record may have changed. */
  wake(): void
  /** Resolves after `time` ms of the monotonic clock. */
  wait(time: number): Promise<void>
  close(): void
}

/** The session with members that can be changed. Only this file and the reader and writer change them. */
type Own = { -readonly [Member in keyof Session]: Session[Member] } & RecordReader

/** Makes a session that has read nothing yet and started nothing. */
export function createSession(base: Pick<Session, 'platform' | 'server' | 'options'>): Session {
  const { clock } = base.platform
  const states = listenerSet<SessionState>()
  const events = listenerSet<TokenManagerEvent>()
  const pausing = new Set<() => void>()

  const bare: Omit<Own, keyof RecordReader | keyof RecordWriter> = {
    get live() {
      const { state, record } = session.held
      return state.status === 'signedIn' ? record : undefined
    },
    get shown() {
      const { state } = session.held
      return session.completing && state.status === 'signedOut' ? LOADING.state : state
    },
    completing: undefined,
    ...base,
    name: '',
    tag: undefined,
    held: LOADING,
    closed: false,
    locked: undefined,
    retrying: 0,
    apply(event) {
      const before = session.held.state
      const [next, effects] = transitionWithKey(session, event)
      session.held = next
      for (const effect of effects) run(effect, before)
    },
    emit(type, details) {
      const { grantId, generation } = session.held.record ?? {}
      events.tell({ type, at: clock.now(), grant: grantId?.slice(0, 8), generation, ...details } as TokenManagerEvent)
    },
    on: (type, listener) => events.add((event) => event.type === type && listener(event as never)),
    subscribe(listener) {
      listener(session.shown)
      return states.add(listener)
    },
    async complete(completing) {
      session.completing = completing
      await completing
      session.completing = undefined
      const { state } = session.held
      if (state.status === 'signedOut') states.tell(state)
    },
    onEffect: () => {},
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
      for (const wake of pausing) wake()
    },
    wait: (time) => new Promise((resolve) => void clock.at(clock.elapsed() + time, resolve)),
    close() {
      session.closed = true
      session.wake()
    },
  }
  const reading = Object.assign(bare, recordReader(bare))
  const session: Own = Object.assign(reading, recordWriter(reading))
  return session

  function run(effect: SessionEffect, before: SessionState) {
    switch (effect) {
      case 'notify':
        return announce(before)
      case 'arm':
      case 'drain':
      case 'key_lost':
        return session.onEffect(effect)
      case 'storage_lost':
        // A change that is being tried again will write the session back too.
        if (session.retrying) return
        session.emit(effect, {})
        void session.retry(session.save, effect)
        return
      default:
        session.emit(effect, {})
    }
  }

  function announce(before: SessionState) {
    const { state } = session.held
    if (state.status === 'signedOut' && before.status === 'signedIn')
      session.emit('signed_out', { reason: state.reason })
    if (state === session.shown) states.tell(state)
  }
}

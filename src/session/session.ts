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

/** What one context has to do with a session's record: its place, its state, and the only ways to read and write it. */
export interface Session
  extends Pick<RecordReader, 'read' | 'age' | 'suspect' | 'unchangedFor'>,
    Pick<RecordWriter, 'update' | 'save' | 'retry'> {
  readonly platform: Platform
  readonly server: AuthorizationServer
  readonly options: SessionOptions
  /** Key of the record, name of the lock and of the channel: a hash, it tells nothing. Set once, before the first read. */
  name: string
  readonly held: Held
  /** What people see of it: nobody knows that nobody is signed in while the answer to a sign-in is redeemed. */
  readonly shown: SessionState
  /** The sign-in that an answer in the address bar is completing. Never rejects. */
  readonly completing: Promise<void> | undefined
  /** The living record in memory. */
  readonly live: SessionRecord | undefined
  readonly closed: boolean
  /** Why the last read failed, where the storage is locked; whether there is a session is not known then. */
  readonly locked: TokenManagerError | undefined
  /** What the store tagged the record with that was read last. */
  readonly tag: string | undefined
  /** How many things are in memory only, because the store refuses them. */
  readonly retrying: number
  apply(event: SessionEvent): void
  emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void
  on<T extends TokenManagerEventType>(type: T, listener: EventListener<T>): () => void
  subscribe(listener: (state: SessionState) => void): () => void
  /** Shows `loading` in place of `signedOut` until `completing` is done. */
  complete(completing: Promise<void>): Promise<void>
  /** What the timers, the channel and the outbox do about a change. Set by what keeps the session fresh. */
  onEffect: (effect: SessionEffect) => void
  /** Resolves after `time` ms of the monotonic clock, or earlier at `wake()`. */
  pause(time: number): Promise<void>
  /** Somebody may have changed the record: whoever pauses looks again. */
  wake(): void
  /** Resolves after `time` ms of the monotonic clock. */
  wait(time: number): Promise<void>
  close(): void
}

/** The session as only this room may change it. */
type Own = { -readonly [Member in keyof Session]: Session[Member] } & RecordReader

/** A session that has read nothing yet and started nothing. */
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
        // Whatever is being tried again puts that right too.
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

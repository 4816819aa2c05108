import type { SessionRecord } from '../../src/session/record.ts'
import { alarms } from './alarms.ts'
import type { ServerAnswer } from './authorization-server.ts'
import { calls } from './calls.ts'
import { causes } from './causes.ts'
import { endings } from './endings.ts'
import { type Evidence, evidence, type Violation } from './evidence.ts'
import type { History } from './history.ts'
import { keeping } from './keeping.ts'
import { type Presentation, presentations } from './presentations.ts'
import { programs } from './programs.ts'
import { quiescence } from './quiescence.ts'
import type { Tab } from './tab.ts'
import { wire } from './wire.ts'
import { recordText, stateText } from './words.ts'

/** Sees everything, and says when a law is broken. */
export interface Judge {
  readonly violation: Violation | undefined
  readonly longestWait: number
  /** When another session, or the end of one, was stored last, true time. */
  readonly changedAt: number
  /** How many times a refresh token was presented. */
  readonly presentations: number
  opened(tab: Tab): void
  called(tab: Tab, name: string, work: Promise<unknown>): void
  /** `tab` makes the one call that it lives for. */
  ran(tab: Tab, work: Promise<unknown>): void
  /** Somebody is about to sign in with what begins with `refreshToken`. */
  signingIn(refreshToken: string): void
  read(tab: Tab, key: string, value: unknown, began: number): void
  written(tab: Tab, key: string, before: unknown, after: unknown): void
  /** A refresh token leaves `tab`. */
  presented(tab: Tab, token: string): Presentation
  answered(presentation: Presentation | undefined, answer: ServerAnswer | 'lost'): void
  givenUp(presentation: Presentation | undefined): void
  /** An API request leaves `tab` with `token`. */
  used(tab: Tab, token: string): void
  revoking(tab: Tab, token: string): void
  alarm(tab: Tab, due: number): void
  cleared(): void
  stolen(): void
  /** The faults have been over for long enough. */
  settled(): void
  /** From now on, everybody has to hear what `tab` changes. */
  listening(tab: Tab): void
  /** That was long enough ago. */
  heard(): void
  /** Every manager was disposed of, just now. */
  disposed(): void
  /** That was long ago. */
  silent(): void
  /** Somebody waits for something, or a back-off lasts. */
  readonly isBusy: boolean
  /** A promise was rejected, and nobody minds. */
  escaped(reason: unknown): void
}

const watched = [
  ...(['refreshed', 'adopted', 'refresh_failed', 'store_failed', 'storage_lost'] as const),
  ...(['signed_out', 'revoked', 'waited'] as const),
]

export function judge(history: History): Judge {
  const { plan, time } = history
  const known = evidence(history)
  const sent = presentations(known)
  const why = causes(known)
  const made = calls(known, why)
  const written = endings(known, sent)
  const kept = keeping(known)
  const oneCall = programs(known)
  const onTheWire = wire(known)
  const inTheEnd = quiescence(known, sent)
  /** The session that clearing the storage took out of it. */
  let takenAway: SessionRecord | undefined
  let changedAt = -Infinity
  const isPending = (key: string) => key.endsWith('.pending')

  return {
    get violation() {
      return known.violation
    },
    get longestWait() {
      return made.longestWait
    },
    get isBusy() {
      return made.pending || known.record?.failure !== undefined
    },
    get changedAt() {
      return changedAt
    },
    get presentations() {
      return sent.count
    },
    opened: listen,
    called: made.made,
    ran: oneCall.ran,
    signingIn(refreshToken) {
      const token = history.server.refreshTokens.get(refreshToken)
      if (token) known.families.add(token.family)
    },
    read(tab, key, value, began) {
      if (isPending(key)) return
      tab.readAt = Math.max(tab.readAt, began)
      tab.readTook = time.now - began
      const seen = value as SessionRecord | undefined
      if (seen?.signedOut) tab.knowsEnded.add(seen.grantId)
      history.note?.(tab, `reads ${recordText(seen)}`)
    },
    written(tab, key, before, after) {
      if (isPending(key)) return
      const { grantId, signedOut } = known.record ?? {}
      known.record = after as SessionRecord | undefined
      if (known.record?.grantId !== grantId || known.record?.signedOut !== signedOut) changedAt = time.now
      history.note?.(tab, `writes ${recordText(known.record)}`)
      noteReplaced(known, (before as SessionRecord | undefined) ?? takenAway)
      takenAway = undefined
      written.written(tab, before as SessionRecord | undefined, known.record)
      sent.wrote(tab, before as SessionRecord | undefined, known.record)
      kept.wrote(known.record)
      inTheEnd.wrote(tab, known.record)
    },
    presented(tab, token) {
      onTheWire.refreshing(tab, token)
      return sent.add(tab, token)
    },
    answered(presentation, answer) {
      sent.answered(presentation, answer)
      kept.answered(presentation, answer)
      oneCall.answered(answer)
    },
    givenUp: sent.givenUp,
    used: onTheWire.using,
    revoking: onTheWire.revoking,
    alarm: alarms(known).set,
    cleared() {
      takenAway = known.record ?? takenAway
      known.record = undefined
      known.clearedAt = time.now
    },
    stolen() {
      known.stolenAt = time.now
    },
    settled() {
      made.settled()
      inTheEnd.settled()
    },
    listening: inTheEnd.listening,
    heard: inTheEnd.heard,
    disposed: inTheEnd.disposed,
    silent: inTheEnd.silent,
    escaped: (reason) => known.broken(10, `nobody handles ${reason}`),
  }

  function listen(tab: Tab) {
    const { manager } = tab
    const dice = history.dice.fork('listeners', tab.name)
    let signedIn = false
    let heard = 0
    manager.subscribe((state) => {
      history.note?.(tab, `state: ${stateText(state)}`)
      if (state.status === 'signedOut' && signedIn) written.shown(tab, state.reason)
      why.told(tab, state.status === 'signedIn' ? state.cause : undefined)
      signedIn = state.status === 'signedIn'
      if (heard++ > 0 && dice.chance(plan.noise.listenersThrow)) throw new Error('a listener throws')
    })
    for (const type of watched)
      manager.on(type, (event) => {
        history.note?.(tab, `event: ${type} ${'outcome' in event ? event.outcome : ''}`)
        if (type === 'store_failed') tab.saidFailedAt = time.now
        // As an async function would, whatever the type allows.
        if (dice.chance(plan.noise.listenersThrow)) return Promise.reject(new Error('a listener rejects')) as never
      })
  }
}

/** Whether what was written now took the place of `before`, of the same person. */
function noteReplaced({ history, record, replaced }: Evidence, before: SessionRecord | undefined) {
  const isReplaced = before && record && before.grantId !== record.grantId && !before.signedOut && !record.signedOut
  if (!isReplaced || history.plan.options.revokeReplaced) return
  if (before.claims?.sub === record.claims?.sub) replaced.set(before.grantId, before.claims?.sub)
}

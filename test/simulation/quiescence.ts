import type { SessionRecord } from '../../src/session/record.ts'
import type { Evidence } from './evidence.ts'
import type { Presentations } from './presentations.ts'
import type { Tab } from './tab.ts'

/** Laws 2, 3, 9 and 10, once the faults have been over for long enough. */
export interface Quiescence {
  settled(): void
  /** From now on, everybody has to hear what `tab` changes. */
  listening(tab: Tab): void
  wrote(tab: Tab, record: SessionRecord | undefined): void
  /** That was long enough ago. */
  heard(): void
  /** Every manager was disposed of, just now. */
  disposed(): void
  /** That was long ago. */
  silent(): void
}

/** What is under way has an end before this, ms. */
const LONG = 16_000

export function quiescence(known: Evidence, sent: Presentations): Quiescence {
  const { history, broken } = known
  const { plan, server, time } = history
  let speaker: Tab | undefined
  let before: SessionRecord | undefined
  let changedAt = -Infinity

  return {
    settled() {
      sameEverywhere()
      nothingForgotten()
    },
    listening(tab) {
      speaker = tab
      before = known.record
      changedAt = -Infinity
    },
    wrote(tab, record) {
      if (tab !== speaker || !record || record.grantId !== before?.grantId || before.signedOut) return
      if (record.signedOut || (record.generation > before.generation && !record.failure)) {
        changedAt = time.now
        before = record
      }
    },
    heard() {
      for (const tab of history.tabs)
        if (tab !== speaker && !tab.gone && tab.disposedAt === -Infinity && tab.readAt < changedAt)
          broken(9, `${tab.name} has not heard of what ${speaker?.name} wrote`)
      sameEverywhere()
    },
    disposed: () => timers(LONG),
    silent: () => timers(0),
  }

  /** Law 10: timers that go off later than `after` ms from now. */
  function timers(after: number) {
    for (const tab of history.tabs) {
      const left = tab.gone ? 0 : time.pendingIn(tab, after)
      if (left > 0) broken(10, `${tab.name}: ${left} timers are left after dispose()`)
    }
  }

  /** Law 9. */
  function sameEverywhere() {
    const { record } = known
    const living = record && !record.signedOut
    const expected = living ? 'signedIn' : 'signedOut'
    for (const tab of history.tabs) {
      // The storage forgot a sign-out, and a tab that did not hear of it brought the session back: who asked for it stays out.
      if (tab.gone || (known.clearedAt > -Infinity && tab.signOuts > 0)) continue
      const { state } = tab.manager
      if (state.status !== expected) broken(9, `${tab.name} is ${state.status}, and the record says ${expected}`)
      else if (state.status === 'signedIn' && state.session.scope !== record?.scope)
        broken(9, `${tab.name} shows another session than the one that is stored`)
      else if (state.status === 'signedOut' && state.reason === 'storage_lost')
        broken(9, `${tab.name} still says that the storage cannot be read`)
    }
  }

  /** Laws 2 and 3: every refresh token that a living tab was given is stored, or on its way to be revoked. */
  function nothingForgotten() {
    const { record } = known
    const refuses = plan.moves.some((move) => move.do === 'server fails' && move.how === '400')
    if (known.clearedAt > -Infinity || refuses || !['works', 'fails'].includes(plan.server.revocation)) return
    const stored = record && !record.signedOut ? server.refreshTokens.get(record.refreshToken ?? '') : undefined
    for (const family of known.families) {
      const grant = known.grantOf.get(family)
      if (family.endedBy || grant === undefined || known.replaced.has(grant)) continue
      if (stored?.family === family) {
        const number = sent.newestGiven(family)
        if (stored.number < number)
          broken(2, `the record has ${stored.value}, and number ${number} was given to a living tab`)
      } else if (!record?.outbox.some(({ token }) => server.refreshTokens.get(token)?.family === family)) {
        const law = known.buried.has(grant) ? 3 : 2
        broken(law, `no refresh token of family ${family.id} is stored or waits to be revoked`)
      }
    }
  }
}

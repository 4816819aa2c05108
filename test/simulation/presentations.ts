import type { Failure } from '../../src/session/failure.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Family, ServerAnswer } from './authorization-server.ts'
import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'

/** One use of a refresh token. */
export interface Presentation {
  readonly tab: Tab
  readonly token: string
  readonly family: Family | undefined
  readonly sentAt: number
  /** The record's when it was sent. */
  readonly generation: number | undefined
  readonly frozenFor: number
  /** On the machine's clock. */
  readonly awakeAt: number
  /** When its sender stored what it brought, true time; Infinity: it did not. */
  storedAt: number
  /** What its sender knows of it. `rotated`, `kept`: tokens came. `lost`: nothing came, or nobody can tell. */
  result: 'flying' | 'rotated' | 'kept' | 'rejected' | 'refused' | 'unavailable' | 'lost'
  overAt: number
}

/** Failures in a row. */
interface Row {
  readonly count: number
  /** When the last one was, true time, and by how much the wall clock was set then. */
  readonly at: number
  readonly wallOffset: number
  readonly retryAfter: number
  readonly isRefusal: boolean
}

/** The longest back-off after a first refusal, and after one for which a person is needed if the app asks, ms. */
const SECOND_LOOK = 8_000
const ASKED = 30_000

/** A sender found the back-off over when it claimed: so long before it sent, at most, as it may have waited and looked again, ms. */
const CLAIMED_BEFORE = 3_000

/** What storing takes when nothing is wrong, at most, ms. */
const COMMIT = 1_000

/** Laws 1, 7 and 8: what becomes of refresh tokens on the wire. */
export interface Presentations {
  readonly count: number
  add(tab: Tab, token: string): Presentation
  answered(presentation: Presentation | undefined, answer: ServerAnswer | 'lost'): void
  /** Its sender waits no longer. */
  givenUp(presentation: Presentation | undefined): void
  wrote(tab: Tab, before: SessionRecord | undefined, after: SessionRecord | undefined): void
  /** Whether `tab` was told that this refresh token is dead; `words`: by what kind of answers, `invalid_grant` unless it says otherwise. */
  wasRejected(tab: Tab, token: string | undefined, words?: readonly Presentation['result'][]): boolean
  /** Whether a request for it reached the server after its sender had given up or died. */
  arrivedLate(family: Family): boolean
  /** The number of the newest refresh token a tab was given that still lives. */
  newestGiven(family: Family): number
}

export function presentations(known: Evidence): Presentations {
  const { history, broken } = known
  const { time, plan } = history
  const all: Presentation[] = []
  /** When each back-off was first written, on the machine's clock. */
  const failures = new Map<string, number>()
  /** Failures in a row, by family. */
  const rows = new Map<Family, Row>()

  return {
    get count() {
      return all.length
    },
    add(tab, token) {
      const family = history.server.refreshTokens.get(token)?.family
      const made: Presentation = {
        tab,
        token,
        family,
        sentAt: time.now,
        frozenFor: tab.frozenFor,
        result: 'flying',
        overAt: Infinity,
        awakeAt: time.awake,
        storedAt: Infinity,
        generation: known.record?.generation,
      }
      for (const other of all) if (other.family === family) compare(made, other)
      backOff(made)
      all.push(made)
      return made
    },
    answered(presentation, answer) {
      if (presentation?.result !== 'flying') return
      presentation.overAt = time.now
      presentation.result = answer === 'lost' ? 'lost' : meaning(answer, presentation.token)
      const { family, result, tab } = presentation
      // What is refused of an older generation, or never answered, says nothing about this one.
      const isOlder = known.record?.generation !== presentation.generation
      if (!family || (isOlder && (result === 'refused' || result === 'lost'))) return
      if (result === 'rotated' || result === 'kept') rows.delete(family)
      else if (result !== 'rejected' && tab.online) {
        const row = rows.get(family)
        const retryAfter = answer === 'lost' ? 0 : Number(answer.headers?.['retry-after'] ?? 0) || 0
        rows.set(family, {
          count: (row?.count ?? 0) + 1,
          at: time.now,
          wallOffset: history.wallOffset,
          retryAfter: retryAfter * 1000,
          isRefusal: result === 'refused',
        })
      } else rows.delete(family)
    },
    givenUp(presentation) {
      if (presentation?.result !== 'flying') return
      const { tab, token, awakeAt } = presentation
      const waited = time.awake - awakeAt
      if (canRun(presentation) && waited < plan.options.requestTimeout * (1 - 2 * plan.noise.drift) - 2)
        broken(1, `${tab.name} gives up the answer to ${token} after ${Math.round(waited)} ms`)
    },
    wrote(tab, before, after) {
      if (before && after?.grantId === before.grantId && after.generation > before.generation) {
        for (const one of all) if (one.tab === tab && one.token === before.refreshToken) one.storedAt = time.now
        // A success that is stored late ends the row all the same.
        const family = history.server.refreshTokens.get(after.refreshToken ?? '')?.family
        if (family && !after.failure) rows.delete(family)
      }
      const failure = after?.failure
      if (failure && failure.beat !== before?.failure?.beat && !failures.has(failure.beat))
        failures.set(failure.beat, time.awake)
    },
    wasRejected: (tab, token, words = ['rejected']) =>
      all.some((one) => one.tab === tab && one.token === token && words.includes(one.result)),
    arrivedLate: (family) =>
      all.some(
        (one) =>
          one.family === family && (one.result === 'lost' || one.result === 'flying' || one.tab.gone || excused(one)),
      ),
    newestGiven(family) {
      const numbers = all
        .filter((one) => one.family === family && one.result === 'rotated' && one.overAt < time.now - COMMIT)
        .filter((one) => !one.tab.gone && !isLetGo(one))
        .map(({ token }) => (history.server.refreshTokens.get(token)?.number ?? 0) + 1)
      return Math.max(1, ...numbers)
    },
  }

  function compare(made: Presentation, other: Presentation) {
    const { tab, token } = made
    // A tab that was behind wrote back what it knew, when the storage had forgotten everything.
    if (known.clearedAt >= other.sentAt) return
    if (known.clearedAt > -Infinity && other.generation !== made.generation) return
    if (other.result === 'flying') {
      if (!canRun(other) || isRobbed(other)) return
      broken(7, `${tab.name} sends ${token}, while ${other.tab.name} is waiting for the answer to ${other.token}`)
      return
    }
    if (other.token !== token) return

    // Where tokens are not rotated, an answer for another context may have made a later generation of the same text meanwhile.
    const isRejected = other.result === 'rejected' && other.generation === made.generation && !unstored(other)
    const isUsed = other.result === 'rotated' && !excused(other) && !isJustBack(other)
    if (isRejected || isUsed)
      broken(1, `${tab.name} sends ${token} again, which ${other.tab.name} had an answer for (${other.result})`)
  }

  /** Its sender was there all the time: nobody else may act for it. */
  function canRun({ tab, frozenFor }: Presentation): boolean {
    return !tab.gone && !tab.frozen && tab.frozenFor === frozenFor
  }

  /** Its lock was stolen while it waited, and the storage refused when it wanted to say so. */
  function isRobbed({ tab, sentAt }: Presentation): boolean {
    const { stolenAt } = known
    return stolenAt >= sentAt && Math.max(tab.readFailedAt, tab.writeFailedAt) >= stolenAt
  }

  function isStored({ storedAt }: Presentation): boolean {
    return storedAt < Infinity
  }

  /** Its sender slept, so that another one took over, and stored its answer while that one's last look at the storage was on its way. */
  function isJustBack(one: Presentation): boolean {
    return !canRun(one) && time.now - one.storedAt <= plan.noise.storeDelay
  }

  /** Its sender had the answer, and then no chance to store it. */
  function excused(one: Presentation): boolean {
    return !isStored(one) && (!canRun(one) || one.tab.disposedAt > -Infinity)
  }

  /** Its sender was disposed of while the storage refused, and does not try again. */
  function isLetGo(one: Presentation): boolean {
    const { tab } = one
    return (
      !isStored(one) && tab.disposedAt > -Infinity && Math.max(tab.readFailedAt, tab.writeFailedAt) >= tab.disposedAt
    )
  }

  /** Nor could it store what it knew. */
  function unstored(one: Presentation): boolean {
    return excused(one) || one.tab.writeFailedAt >= one.overAt || one.tab.readFailedAt >= one.overAt
  }

  /** Law 8. */
  function backOff(made: Presentation) {
    const { family, tab } = made
    const { record } = known
    const failure = record?.failure
    const age = time.awake - (failures.get(failure?.beat ?? '') ?? Infinity)
    // Its sender's last look at the storage may have been on its way.
    const isKnown = age > plan.noise.storeDelay
    const isDue = failure === undefined || isPast(failure, tab, age)
    if (isKnown && !isDue)
      broken(8, `${tab.name} sends ${made.token} ${Math.round(age)} ms after a failure that asks for ${failure.delay}`)
    const row = family && rows.get(family)
    if (!row) return
    const others = all.filter((one) => one.family === family && one.sentAt > made.sentAt - 3_600_000)
    if (others.some((one) => unstored(one)) || known.clearedAt > -Infinity || known.stolenAt > -Infinity) return
    // By a wall clock that was set, or by another host's, it may be over earlier.
    if (history.wallOffset !== row.wallOffset || plan.noise.skew > 0) return
    const ceiling = row.isRefusal ? SECOND_LOOK : 300_000
    const least = Math.max(0.8 * Math.min(ceiling, 1_000 * 2 ** (row.count - 1)), row.retryAfter)
    if (time.now - row.at < least * (1 - plan.noise.drift) - 1)
      broken(
        8,
        `${tab.name} sends ${made.token} ${Math.round(time.now - row.at)} ms after failure ${row.count} in a row`,
      )
  }

  /** Whether a back-off is over: by the tab's wall clock, which may have been set, or because the tab waited. */
  function isPast({ at, delay, personNeeded }: Failure, tab: Tab, waited: number): boolean {
    const least = personNeeded ? Math.min(delay, ASKED) : delay
    const passed = at === undefined ? 0 : tab.ports.clock.now() - at
    const wasBefore = passed - CLAIMED_BEFORE < -10_000
    return wasBefore || passed >= least || waited >= least * (1 - plan.noise.drift) - 1
  }

  function meaning({ status, body }: ServerAnswer, token: string): Presentation['result'] {
    if (status >= 500 || status === 408 || status === 429 || (status > 299 && status < 400)) return 'unavailable'
    if (status >= 400) return body.includes('invalid_grant') ? 'rejected' : 'refused'
    const next = /"refresh_token":"([^"]+)"/.exec(body)?.[1]
    return next === undefined || next === token ? 'kept' : 'rotated'
  }
}

import type { SessionRecord } from '../../src/session/record.ts'
import { EPOCH, type Family } from './authorization-server.ts'
import type { History } from './history.ts'

/** A law that was broken. */
export interface Violation {
  /** Its number in docs/simulation.md. */
  readonly law: number
  readonly what: string
  /** True time, ms. */
  readonly at: number
}

/** What is known of a history so far; the laws are judged by it. */
export interface Evidence {
  readonly history: History
  readonly violation: Violation | undefined
  /** The record as it is stored. */
  record: SessionRecord | undefined
  /** When the storage was cleared last, true time. */
  clearedAt: number
  /** When the lock was stolen last, true time. */
  stolenAt: number
  /** When a grant that had no refresh token any more last got one: from a sender that slept, true time. */
  revivedAt: number
  /** How often somebody was asked to sign out. */
  signOuts: number
  /** When each grant's tombstone was written. */
  readonly buried: Map<string, number>
  /** Grants whose place a sign-in of the same person took, where those are dropped; and whose they were, as far as it was told. */
  readonly replaced: Map<string, string | undefined>
  /** Under which grant each family is stored. */
  readonly grantOf: Map<Family, string>
  /** Whose each grant is, as far as its ID token told. */
  readonly personOf: Map<string, string>
  /** What somebody has signed in with. */
  readonly families: Set<Family>
  /** Whether wall clock and monotonic clocks tell the true time. */
  readonly clocksAreRight: boolean
  /** The latest that any tab's wall clock shows. */
  readonly wall: number
  /** When the grant of `family` was ended, unless that was forgotten. */
  buriedAt(family: Family): number | undefined
  broken(law: number, what: string): void
}

export function evidence(history: History): Evidence {
  const { plan, time } = history
  let violation: Violation | undefined
  const known: Evidence = {
    history,
    record: undefined,
    clearedAt: -Infinity,
    stolenAt: -Infinity,
    revivedAt: -Infinity,
    signOuts: 0,
    buried: new Map(),
    replaced: new Map(),
    grantOf: new Map(),
    personOf: new Map(),
    families: new Set(),
    clocksAreRight: !plan.moves.some((move) => move.do === 'set the clock by') && !plan.noise.drift && !plan.noise.skew,
    get violation() {
      return violation
    },
    get wall() {
      return EPOCH + Math.floor(time.now) + history.wallOffset + plan.noise.skew
    },
    buriedAt(family) {
      const at = known.buried.get(known.grantOf.get(family) ?? '')
      return at !== undefined && known.clearedAt < at ? at : undefined
    },
    broken(law, what) {
      violation ??= { law, what, at: time.now }
    },
  }
  return known
}

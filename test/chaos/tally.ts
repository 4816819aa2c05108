import type { MisbehavingServer, SeenRequest } from '../support/misbehaving-server.ts'
import type { Ledger } from './ledger.ts'
import type { Report } from './page/report.ts'

/** What a run adds up to. */
export interface Tally {
  readonly refreshes: number
  /** Token requests of any outcome. */
  readonly requests: number
  /** Refresh tokens that came twice, by why. */
  readonly reuse: ReadonlyMap<string, number>
  readonly sessions: number
  /** Sessions that were lost, by why. */
  readonly lost: ReadonlyMap<string, number>
  readonly calls: { readonly begun: number; readonly answered: number; readonly failed: ReadonlyMap<string, number> }
  /** The longest that a call waited while its page ran, ms. */
  readonly longest: number
  readonly restored: number
  /** Calls that were never answered although their page ran. */
  readonly unanswered: number
  /** What must not be. */
  readonly violations: readonly string[]
}

/** Adds up while a run goes on. */
export interface OpenTally {
  hear(report: Report): void
  /** How many calls have been answered so far. */
  readonly answered: number
  beginFamily(family: string): void
  /** The present session is over; `why` if that was wanted. What was noted, in words. */
  endFamily(why?: string): string | undefined
  /** Somebody cleared the storage. */
  cleared(): void
  /** What is still pending there will not come any more. */
  unanswered(report: Report): void
  close(): Tally
}

interface Ended {
  readonly family: string
  readonly why: string | undefined
  readonly reasons: ReadonlySet<string>
  readonly cleared: boolean
  /** From when to when it was the present one, epoch ms. */
  readonly from: number
  readonly to: number
}

/** A call that takes longer than this while its page runs will not be answered. */
const LONGEST = 60_000
/** A frozen page keeps a database from being deleted: for so long a deletion may still happen, ms. */
const CLEARING = 15_000
/** What is told of the time around a violation, ms. */
const MEANWHILE = 8_000
/** What is told of the time after a loss, ms. */
const NEXT = 2_000

/** @param grace whether the server forgives: a lost answer is no cause to lose a session then */
export function createTally(server: MisbehavingServer, ledger: Ledger, grace: boolean): OpenTally {
  const failed = new Map<string, number>()
  const began = Date.now()
  const ended: Ended[] = []
  const uncaught = new Set<string>()
  /** The sign-ins that a page had a token of. */
  const known = new Set<string>()
  const sum = { begun: 0, answered: 0, longest: 0, restored: 0, refreshed: 0, unanswered: 0, sessions: 0 }
  let family: string | undefined
  let from = began
  let cleared = false
  let clearedUntil = 0
  let reasons = new Set<string>()

  return {
    get answered() {
      return sum.answered
    },
    hear({ calls, restored, refreshed, signedOut, state, pending, ...report }) {
      sum.begun += calls.begun
      sum.answered += calls.answered
      sum.longest = Math.max(sum.longest, calls.longest, pending.oldest)
      sum.restored += restored
      sum.refreshed += refreshed
      if (pending.oldest > LONGEST) sum.unanswered++
      for (const [why, times] of Object.entries(calls.failed)) add(failed, why, times)
      for (const { reason } of signedOut) reasons.add(reason)
      if (state.startsWith('signedOut')) reasons.add(state.slice('signedOut '.length))
      for (const one of report.uncaught) uncaught.add(one)
      known.add(report.family)
    },
    beginFamily(id) {
      family = id
      from = Date.now()
      cleared = Date.now() < clearedUntil
      reasons = new Set()
      sum.sessions++
    },
    endFamily(why) {
      if (family === undefined) return
      ended.push({ family, why, reasons, cleared, from, to: Date.now() })
      family = undefined
      return `session lost: ${[...reasons].join(', ')}`
    },
    cleared() {
      cleared = true
      clearedUntil = Date.now() + CLEARING
    },
    unanswered({ pending }) {
      sum.unanswered += pending.count
    },
    close() {
      const violations: string[] = []
      const reuse = new Map<string, number>()
      const lost = new Map<string, number>()
      const causes = new Map<string, string>()
      for (const request of server.requests.filter(({ reused }) => reused)) {
        const cause = ledger.causeOf(request)
        add(reuse, cause ?? 'our own contexts', 1)
        if (cause === undefined) violations.push(`a refresh token came twice: ${told(request)}`)
        else if (!grace) causes.set(request.family, causes.get(request.family) ?? cause)
      }
      for (const { family, why, reasons, cleared, from, to } of ended) {
        // The page that was to sign in went away before it had.
        if (!known.has(family) && !server.requests.some((request) => request.family === family)) {
          sum.sessions--
          continue
        }
        const cause = why ?? causes.get(family) ?? (cleared ? 'storage cleared' : undefined)
        add(
          lost,
          `${[...reasons].filter((reason) => reason !== 'none').join(', ') || 'none'}: ${cause ?? 'unexplained'}`,
          1,
        )
        if (cause === undefined)
          violations.push(`a session was lost without a cause: ${[...reasons].join(', ')}${history(family, from, to)}`)
      }
      if (sum.unanswered) violations.push(`${sum.unanswered} calls were never answered`)
      for (const one of uncaught) violations.push(`nobody caught: ${one}`)
      const refreshes = server.requests.filter(({ outcome }) => outcome === 'granted').length
      if (sum.answered === 0) violations.push('nothing was answered')
      const { begun, answered, longest, restored, unanswered, sessions } = sum
      return {
        refreshes,
        requests: server.requests.length,
        reuse,
        lost,
        longest,
        restored,
        unanswered,
        sessions,
        violations,
        calls: { begun, answered, failed },
      }
    },
  }

  /** The last requests of a session that was lost, and what was going on while it lived. */
  function history(family: string, from: number, to: number) {
    const own = server.requests.filter((request) => request.family === family).slice(-4)
    const seconds = (at: number) => ((at - began) / 1000).toFixed(1)
    const lines = own.map(({ context, at, outcome }) => ` · ${context} ${outcome} ${seconds(at)}`)
    return `${lines.join('')}; ${family} lost at ${seconds(to)}; ${ledger.around(from, to + NEXT)}`
  }

  function told({ context, at, reused }: SeenRequest): string {
    const { context: by = '', at: first = at, endedAt = first, outcome } = reused ?? {}
    const meanwhile = ledger.around(first - MEANWHILE, at + MEANWHILE, [by, context])
    const when = ((first - began) / 1000).toFixed(2)
    return `${by} at ${when} s (${outcome}, answered after ${endedAt - first} ms), then ${context} ${at - first} ms later; ${meanwhile}`
  }
}

function add(counts: Map<string, number>, what: string, times: number) {
  counts.set(what, (counts.get(what) ?? 0) + times)
}

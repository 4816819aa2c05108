import type { SeenRequest } from '../support/misbehaving-server.ts'
import type { Report } from './page/report.ts'

/** What a run knows about its pages: enough to say why a refresh token was presented twice. */
export interface Ledger {
  /** Notes a report. */
  hear(report: Report): void
  /** The contexts that told something of themselves within `ms`. */
  recent(ms: number): readonly Known[]
  /** Something was done to a tab, or to all of them. Returns what says that it is over. */
  disturb(what: string, tab?: string): () => void
  /** Why a token that had been used came again; `undefined`: nobody's doing but our own. Ask when the run is over. */
  causeOf(request: SeenRequest): string | undefined
}

/** What is known of one context. */
export interface Known {
  readonly last: Report
  /** When it was heard of, epoch ms, in order. */
  readonly heard: readonly number[]
}

interface Disturbance {
  readonly what: string
  readonly tab: string | undefined
  readonly from: number
  to: number
}

/** A page that runs tells of itself every 250 ms: one that does not for this long was not running. */
const ABSENCE = 2_500
/** The same while some page's process, nobody knows whose, was hung. */
const SHORT_ABSENCE = 1_000
/** What {@link Ledger.disturb} is told when a process is hung. */
export const HUNG = 'renderer hung'
/** Nobody may give up a refresh that is under way before this, whatever its page does; a lease lives 5 s there. */
const PATIENCE = 5_000
/** An answer the server has sent may be on its way for this long. */
const TRANSIT = 1_000

/** @param requestTimeout the pages' own, ms */
export function ledger(requestTimeout: number): Ledger {
  const contexts = new Map<string, { last: Report; heard: number[] }>()
  const disturbances: Disturbance[] = []

  return {
    hear(report) {
      const known = contexts.get(report.context) ?? { last: report, heard: [] }
      contexts.set(report.context, known)
      known.last = report
      known.heard.push(Date.now())
    },
    recent: (ms) => [...contexts.values()].filter(({ heard }) => (heard.at(-1) ?? 0) > Date.now() - ms),
    disturb(what, tab) {
      const one = { what, tab, from: Date.now(), to: Infinity }
      disturbances.push(one)
      return () => {
        one.to = Date.now()
      }
    },
    causeOf({ at, reused: first, overlapping }) {
      if (!first) return 'not reused'
      // Two at once, and the first not even old enough to be given up: nothing excuses that.
      if (overlapping && at - first.at < PATIENCE) return undefined
      if (first.outcome === 'lost' || first.outcome === 'gone') return 'the answer was lost'
      // On its way there and back it was later than the limit, or may have been.
      if ((first.endedAt ?? 0) - first.at > requestTimeout - TRANSIT / 2) return 'the answer was late'
      const { context } = first
      const disturbed = disturbances.find(
        ({ what, tab, from, to }) =>
          what !== HUNG &&
          from < at &&
          to > first.at - TRANSIT &&
          (tab === undefined ? from < (first.endedAt ?? at) + TRANSIT : isIn(context, tab)),
      )
      if (disturbed) return disturbed.what
      const { heard = [] } = contexts.get(context) ?? {}
      if ((heard.at(-1) ?? 0) < at + TRANSIT / 2) return 'its page had ended'
      const between = heard.filter((time) => time > first.at - ABSENCE && time < at + ABSENCE)
      const gaps = between.slice(1).map((time, index) => time - (between[index] ?? time))
      const hung = disturbances.some(({ what, from, to }) => what === HUNG && from < at && to > first.at)
      return Math.max(...gaps) > (hung ? SHORT_ABSENCE : ABSENCE) ? 'its page was standing still' : undefined
    },
  }
}

const isIn = (context: string, tab: string) => context.startsWith(`${tab}.`)

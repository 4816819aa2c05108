import type { SeenRequest } from '../support/misbehaving-server.ts'
import { ANSWERED, type Report, SENT } from './page/report.ts'

/** What a run knows about its pages: enough to say why a refresh token was presented twice. */
export interface Ledger {
  /** Notes a report. */
  hear(report: Report): void
  /** The contexts that told something of themselves within `ms`. */
  recent(ms: number): readonly Known[]
  /** Something was done to a tab, or to all of them, now or at `from` (epoch ms). Returns what says that it is over. */
  disturb(what: string, tab?: string, from?: number): () => void
  /** Why a token that had been used came again; `undefined`: nobody's doing but our own. Ask when the run is over. */
  causeOf(request: SeenRequest): string | undefined
  /** What was going on between two moments (epoch ms): what was done, and what these contexts, default all, tell of it. */
  around(from: number, to: number, contexts?: readonly string[]): string
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
/** What it is told when somebody deletes the storage. */
export const CLEARED = 'storage cleared'
/** What a refresh token waits before it is sent again, once the limit of the first time is over; a lease lives longer. */
const PATIENCE = 1_000
/** An answer the server has sent may be on its way for this long. */
const TRANSIT = 1_000

/** @param requestTimeout the pages' own, ms */
export function ledger(requestTimeout: number): Ledger {
  const contexts = new Map<string, { last: Report; heard: number[]; story: (readonly [at: number, what: string])[] }>()
  const disturbances: Disturbance[] = []
  const began = Date.now()

  return {
    hear(report) {
      const known = contexts.get(report.context) ?? { last: report, heard: [], story: [] }
      const { state, family } = known.last
      if (!contexts.has(report.context) || state !== report.state || family !== report.family)
        known.story.push([Date.now(), `is ${report.state}${report.family && ` with ${report.family}`}`])
      contexts.set(report.context, known)
      known.last = report
      known.story.push(...report.story)
      known.heard.push(Date.now())
    },
    recent: (ms) => [...contexts.values()].filter(({ heard }) => (heard.at(-1) ?? 0) > Date.now() - ms),
    disturb(what, tab, from = Date.now()) {
      const one = { what, tab, from, to: Infinity }
      disturbances.push(one)
      return () => {
        one.to = Date.now()
      }
    },
    causeOf({ at, reused: first, overlapping }) {
      if (!first) return 'not reused'
      const { context } = first
      const { heard = [], story = [] } = contexts.get(context) ?? {}
      // On a loaded machine a request takes its time to get there.
      const [left, what] = story.findLast(([time, what]) => isRequest(what) && time <= first.at) ?? []
      const sentAt = (what === SENT && left) || first.at
      // Two at once, and the first not even old enough to be given up: nothing excuses that, but that the lease was deleted.
      if (overlapping && at - sentAt < requestTimeout + PATIENCE)
        return disturbances.some(({ what, from, to }) => what === CLEARED && from < at && to > first.at)
          ? 'storage cleared, and the lease with it'
          : undefined
      if (first.outcome === 'lost') return 'the answer was lost'
      // On its way there and back it was later than the limit, or may have been.
      if ((first.endedAt ?? 0) - sentAt > requestTimeout - TRANSIT / 2) return 'the answer was late'
      const disturbed = disturbances.find(
        ({ what, tab, from, to }) =>
          what !== HUNG &&
          from < at &&
          to > first.at - TRANSIT &&
          (tab === undefined ? from < (first.endedAt ?? at) + TRANSIT : isIn(context, tab)),
      )
      if (disturbed) return disturbed.what
      if ((heard.at(-1) ?? 0) < at + TRANSIT / 2) return 'its page had ended'
      const between = heard.filter((time) => time > first.at - ABSENCE && time < at + ABSENCE)
      const gaps = between.slice(1).map((time, index) => time - (between[index] ?? time))
      const hung = disturbances.some(({ what, from, to }) => what === HUNG && from < at && to > first.at)
      return Math.max(...gaps) > (hung ? SHORT_ABSENCE : ABSENCE) ? 'its page was standing still' : undefined
    },
    around(from, to, names) {
      const seconds = (time: number) => (time === Infinity ? 'the end' : ((time - began) / 1000).toFixed(1))
      const span = (since: number, until: number) => `${seconds(since)}–${seconds(until)}`
      const done = disturbances
        .filter((one) => one.from < to && one.to > from)
        .map(({ what, tab = 'all', from, to }) => [from, `${what} (${tab}) ${span(from, to)}`] as const)
      const lived = [...contexts]
        .filter(([name, { heard }]) => names?.includes(name) ?? heard.some((time) => time > from && time < to))
        .flatMap(([name, { heard, story }]) => [
          ...[...heard, Infinity].flatMap((time, index) => {
            const last = heard[index - 1]
            const counts = last && time - last > SHORT_ABSENCE && last < to && time > from
            return counts ? [[last, `${name} silent ${span(last, time)}`] as const] : []
          }),
          ...story
            .filter(([at]) => at > from && at < to)
            .map(([at, what]) => [at, `${name} ${what} ${seconds(at)}`] as const),
        ])
      return [...done, ...lived]
        .sort(([one], [other]) => one - other)
        .map(([, what]) => what)
        .join('; ')
    },
  }
}

const isRequest = (what: string) => what === SENT || what.startsWith(ANSWERED)

const isIn = (context: string, tab: string) => context.startsWith(`${tab}.`)

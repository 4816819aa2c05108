import type { EpochMs } from '../ports.ts'
import { describeEntry } from '../telemetry/describe-entry.ts'
import type { JournalEntry } from '../telemetry/journal-entry.ts'

/** How much time the timeline shows, in milliseconds. */
const SPAN = 10 * 60_000

const WIDTH = 600
const ROW = 22

/** One row of the timeline: what one tab did. A bar is the time in which it held a token, a mark is one entry. */
interface Lane {
  readonly context: string
  readonly bars: { readonly from: EpochMs; readonly until: EpochMs; readonly generation: number | undefined }[]
  readonly marks: readonly JournalEntry[]
}

const gotTokens: readonly string[] = ['signed_in', 'refreshed', 'adopted']
const troubles: readonly string[] = [
  'sign_in_failed',
  'refresh_failed',
  'token_rejected',
  'revocation_failed',
  'store_failed',
  'storage_lost',
  'storage_corrupt',
]

/** The class in the style sheet that gives an entry its colour. */
export function toneOf({ type }: JournalEntry): 'good' | 'bad' | 'end' | 'plain' {
  if (type === 'signed_out') return 'end'
  if (gotTokens.includes(type)) return 'good'
  return troubles.includes(type) ? 'bad' : 'plain'
}

/** The rows of all tabs. The tab whose first entry is the oldest comes first. */
export function lanesOf(entries: readonly JournalEntry[], now: EpochMs): readonly Lane[] {
  const contexts = [...new Set(entries.map(({ context }) => context))]
  return contexts.map((context) => {
    const marks = entries.filter((entry) => entry.context === context)
    const bounds = marks.filter(({ type }) => gotTokens.includes(type) || type === 'signed_out')

    const bars = bounds.flatMap((entry, index) => {
      if (entry.type === 'signed_out') return []

      return [{ from: entry.at, until: bounds[index + 1]?.at ?? now, generation: entry.generation }]
    })

    return { context, bars, marks }
  })
}

/** Draws what happened in all tabs in the last ten minutes before `now`. */
export function timeline(entries: readonly JournalEntry[], now: EpochMs): SVGElement {
  const recent = lanesOf(entries, now).filter(({ marks }) => marks.some(({ at }) => at > now - SPAN))
  const x = (at: EpochMs) => Math.max(0, ((at - now + SPAN) / SPAN) * WIDTH)

  const svg = draw('svg', {
    viewBox: `0 0 ${WIDTH + 60} ${Math.max(recent.length, 1) * ROW}`,
    role: 'img',
    'aria-label': `The last ten minutes of ${recent.length} tabs; the list below says the same in words`,
  })
  for (const [row, { context, bars, marks }] of recent.entries()) {
    const y = row * ROW
    const name = draw('text', { x: WIDTH + 8, y: y + 15 })
    name.textContent = context
    svg.append(name)

    for (const { from, until, generation } of bars.filter((bar) => bar.until > now - SPAN)) {
      const bar = draw('rect', { x: x(from), y: y + 5, width: Math.max(x(until) - x(from), 1), height: 12, rx: 3 })
      bar.append(titled(`Token ${generation ?? ''} in tab ${context}`))
      svg.append(bar)
    }

    for (const entry of marks.filter(({ at }) => at > now - SPAN)) {
      const mark = draw('circle', { cx: x(entry.at), cy: y + 11, r: 4, class: toneOf(entry) })
      mark.append(titled(describeEntry(entry)))
      svg.append(mark)
    }
  }

  return svg
}

function titled(text: string): SVGElement {
  const title = draw('title', {})
  title.textContent = text
  return title
}

function draw(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value))
  return element as SVGElement
}

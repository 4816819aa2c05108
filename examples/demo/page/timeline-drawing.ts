import { glyph, svg } from './glyphs.ts'
import type { Bar, Calls, Lane, Mark, Span } from './timeline-model.ts'

/** How the timeline is scaled: x is `(at - base) * perMs`; nothing outside `from`…`to` is drawn. */
export interface Scale {
  readonly base: number
  readonly perMs: number
  readonly from: number
  readonly to: number
}

/** Where a time lies, in pixels, kept inside the scale. */
function place({ base, perMs, from, to }: Scale, at: number) {
  return Math.round((Math.min(Math.max(at, from), to) - base) * perMs * 10) / 10
}

/** The clock's marks, every `step` milliseconds. */
export function ticks(scale: Scale, step: number, bottom: number): Node[] {
  const nodes: Node[] = []
  for (let at = Math.ceil(scale.from / step) * step; at < scale.to; at += step) {
    const x = place(scale, at)
    const label = new Date(at).toLocaleTimeString([], { hour12: false })
    nodes.push(svg('line', { class: 'tick', x1: x, x2: x, y1: 20, y2: bottom }))
    nodes.push(svg('text', { class: 'tick-label', x, y: bottom + 17 }, label))
  }
  return nodes
}

/** A hatched stretch with its name. */
export function band(
  scale: Scale,
  { from, until = Date.now() }: Span,
  name: string,
  y: number,
  height: number,
): Node[] {
  if (until < scale.from) return []
  const x = place(scale, from)
  const width = Math.max(place(scale, until) - x, 2)
  const area = svg('rect', { class: `band ${name}`, x, y, width, height, fill: `url(#${name})` })
  return width < 44 ? [area] : [area, svg('text', { class: 'band-label', x: x + 6, y: y + 19 }, name)]
}

/** One tab: refreshes above, tokens in the middle, API calls below. */
export function lane(scale: Scale, { bars, marks, led, waited, calls }: Lane, top: number): Node[] {
  const rejected = marks.filter(({ symbol }) => symbol === 'rejected')
  const others = marks.filter(({ symbol }) => symbol !== 'rejected')
  const bottom = [...calls, ...rejected].sort((a, b) => a.at - b.at)
  const y = top + 34
  return [
    ...bars.flatMap((each) => token(scale, each, top + 48)),
    ...led.map(({ from, until = from }) => {
      const x = place(scale, from)
      return svg('rect', {
        class: 'led-span',
        x,
        width: Math.max(place(scale, until) - x, 3),
        y: y - 3,
        height: 6,
        rx: 3,
      })
    }),
    ...waited.map(({ from, until = from }) =>
      svg('line', { class: 'waited-span', x1: place(scale, from), x2: place(scale, until), y1: y, y2: y }),
    ),
    ...row(
      scale,
      others,
      () => 15,
      (x, mark) => moment(x, y, mark),
    ),
    ...row(
      scale,
      bottom,
      (item) => ('symbol' in item ? 16 : pillWidth(item) + 2),
      (x, item) => ('symbol' in item ? moment(x, top + 82, item) : pill(x, top + 82, item)),
    ),
  ]
}

/** What reached the authorization server. */
export const moments = (scale: Scale, marks: readonly Mark[], y: number): Node[] =>
  row(
    scale,
    marks,
    () => 15,
    (x, mark) => moment(x, y, mark),
  )

/** A new token on its way from one tab to another. */
export function handover(scale: Scale, at: number, from: number, to: number): Node[] {
  if (at < scale.from) return []
  const x = place(scale, at)
  const gap = from < to ? 9 : -9
  return [svg('line', { class: 'handover', x1: x, x2: x, y1: from + gap, y2: to - gap })]
}

/** How far a mark may stand from its time, in pixels. */
const farthest = 40

/** Puts `items` side by side where their times are too close to tell apart: the latest stays in place. */
function row<T extends { at: number }>(
  scale: Scale,
  items: readonly T[],
  width: (item: T) => number,
  draw: (x: number, item: T) => Node,
) {
  let limit = Number.POSITIVE_INFINITY
  return items
    .filter(({ at }) => at >= scale.from)
    .reverse()
    .map((item) => {
      const half = width(item) / 2
      const x = Math.min(place(scale, item.at), Math.max(limit - half, place(scale, item.at) - farthest))
      limit = x - half
      return draw(x, item)
    })
}

const moment = (x: number, y: number, { at, symbol, text }: Mark) =>
  glyph(symbol, x, y, `${text}, ${new Date(at).toLocaleTimeString()}`)

function token(scale: Scale, bar: Bar, y: number): Node[] {
  const { from, until, end, generation } = bar
  if (end < scale.from || from > scale.to) return []
  const [x, used, expiry] = [place(scale, from), place(scale, until), place(scale, end)]
  const ahead = place(scale, bar.ahead)
  const width = Math.max(used - x, 2)
  const title = svg('title', {}, `Access token ${generation}: used ${Math.round((until - from) / 1000)} s`)
  const shape = svg('rect', { class: `token ${generation % 2 ? 'odd' : 'even'}`, x, y, width, height: 18, rx: 4 })
  const nodes: Node[] = [svg('g', {}, title, shape)]
  if (expiry > used + 1)
    nodes.unshift(svg('rect', { class: 'unused', x: used - 3, y: y + 5, width: expiry - used + 3, height: 8, rx: 3 }))
  if (used > ahead + 1)
    nodes.push(svg('rect', { class: 'ahead', x: ahead, y, width: used - ahead, height: 18, fill: 'url(#ahead)' }))
  const label = width > 70 ? `token ${generation || ''}` : `${generation || ''}`
  if (width > 24) nodes.push(svg('text', { class: 'generation', x: x + 7, y: y + 13 }, label))
  return nodes
}

const pillText = ({ count, answered }: Calls) => (answered === count ? `${count}` : `${answered}/${count}`)
const pillWidth = (calls: Calls) => 10 + pillText(calls).length * 7

function pill(x: number, y: number, calls: Calls): Node {
  const { count, answered } = calls
  const ok = answered === count
  const width = pillWidth(calls)
  return svg(
    'g',
    { class: `calls ${ok ? 'ok' : 'bad'}`, transform: `translate(${x} ${y})` },
    svg('title', {}, `${count} API ${count === 1 ? 'call' : 'calls'}, ${answered} answered`),
    svg('rect', { x: -width / 2, y: -8, width, height: 16, rx: ok ? 8 : 2 }),
    svg('text', { y: 4 }, pillText(calls)),
  )
}

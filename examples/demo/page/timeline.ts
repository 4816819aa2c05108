import type { Feed } from './feed.ts'
import { svg } from './glyphs.ts'
import { band, handover, lane, moments, type Scale, ticks } from './timeline-drawing.ts'
import { type Lane, timelineModel } from './timeline-model.ts'

const laneHeight = 98
const serverHeight = 62
const axisHeight = 26
/** Where "now" stands, of the width: what is to the right is still to come. */
const nowAt = 0.74
const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** Draws the feed as a live timeline into `host`: one lane a tab, time running from right to left. */
export function createTimeline(host: HTMLElement, feed: Feed, ownTab: string): void {
  let span = host.clientWidth < 520 ? 60_000 : 120_000
  let drawn = { at: 0, width: 0, perMs: 0 }
  let moving: Element | undefined
  let stale = true

  const draw = (now: number) => {
    const width = Math.max(host.clientWidth, 280)
    drawn = { at: now, width, perMs: width / span }
    const picture = compose(feed, ownTab, span, width, now)
    moving = picture.moving
    host.replaceChildren(picture.root)
    move(now)
  }
  const move = (now: number) => {
    moving?.setAttribute('transform', `translate(${drawn.width * nowAt - (now - drawn.at) * drawn.perMs} 0)`)
  }
  const frame = () => {
    const now = Date.now()
    // What is open-ended grows, and what has moved out of sight is dropped, once a second.
    if (stale || now - drawn.at > 1000) draw(now)
    else if (!calm.matches) move(now)
    stale = false
    // No more often than it would be seen: every half a pixel.
    setTimeout(() => requestAnimationFrame(frame), Math.max(0.5 / drawn.perMs, 33))
  }
  const redraw = () => {
    stale = true
  }

  feed.subscribe(redraw)
  new ResizeObserver(redraw).observe(host)
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=span]')) {
    input.checked = Number(input.value) === span
    input.addEventListener('change', () => {
      span = Number(input.value)
      redraw()
    })
  }
  requestAnimationFrame(frame)
}

function compose(feed: Feed, ownTab: string, span: number, width: number, now: number) {
  const scale: Scale = { base: now, perMs: width / span, from: now - span * 0.8, to: now + span * 0.3 }
  const { lanes, server, down, offline, handovers } = timelineModel(feed.entries)
  const shown = lanes.filter(({ tab, open, marks }) => open || tab === ownTab || (marks.at(-1)?.at ?? 0) > scale.from)
  const top = (index: number) => serverHeight + index * laneHeight
  const bottom = top(shown.length)
  const row = (name: string) => top(shown.findIndex(({ tab }) => tab === name)) + 34
  const seen = ({ from, to }: { from: string; to: string }) => [from, to].every((tab) => row(tab) > serverHeight)

  const moving = svg(
    'g',
    {},
    ...ticks(scale, span <= 60_000 ? 15_000 : span <= 120_000 ? 30_000 : 120_000, bottom),
    ...down.flatMap((each) => band(scale, each, 'down', 25, serverHeight - 34)),
    ...offline.flatMap((each) => band(scale, each, 'offline', serverHeight, bottom - serverHeight)),
    ...handovers.filter(seen).flatMap(({ at, from, to }) => handover(scale, at, row(from), row(to))),
    ...moments(scale, server, 41),
    ...shown.flatMap((each, index) => lane(scale, each, top(index))),
  )
  const x = width * nowAt
  const root = svg(
    'svg',
    { width: '100%', height: bottom + axisHeight, role: 'img', 'aria-label': inWords(shown) },
    patterns(),
    svg('rect', { class: 'future', x, y: 20, width: width - x, height: bottom - 20 }),
    moving,
    svg('line', { class: 'now', x1: x, x2: x, y1: 16, y2: bottom }),
    svg('text', { class: 'now-label', x, y: 11 }, 'now'),
    ...(lanes.some(({ bars, marks }) => bars.length + marks.length) ? [] : [empty(x / 2)]),
    svg('text', { class: 'lane-label', x: 0, y: 14 }, 'Authorization server'),
    ...shown.flatMap(({ tab, open }, index) => {
      const y = top(index)
      const text = `Tab ${tab}${tab === ownTab ? ' · this tab' : open ? '' : ' · closed'}`
      return [
        svg('line', { class: 'rule', x1: 0, x2: width, y1: y, y2: y }),
        svg('text', { class: `lane-label${tab === ownTab ? ' own' : ''}`, x: 0, y: y + 17 }, text),
      ]
    }),
  )
  return { root, moving }
}

const empty = (x: number) =>
  svg('text', { class: 'empty-label', x, y: serverHeight + 56 }, 'Sign in to watch a session live')

function patterns() {
  const stripes = (id: string, gap: number, turn: number) =>
    svg(
      'pattern',
      { id, width: gap, height: gap, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${turn})` },
      svg('rect', { class: `${id}-ground`, width: gap, height: gap }),
      svg('rect', { class: `${id}-stripe`, width: gap / 3, height: gap }),
    )
  return svg('defs', {}, stripes('down', 9, 45), stripes('offline', 9, -45), stripes('ahead', 6, 45))
}

const inWords = (lanes: readonly Lane[]) =>
  `Timeline of ${lanes.length} ${lanes.length === 1 ? 'tab' : 'tabs'}. ${lanes
    .map(({ tab, bars, marks }) => `Tab ${tab}: ${bars.length} access tokens, ${marks.length} events.`)
    .join(' ')} The event log says the same in words.`

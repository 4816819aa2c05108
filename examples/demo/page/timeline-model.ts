import type { Entry } from './feed.ts'

/** What a mark on the timeline means; each has its own shape. */
export type Sign =
  | 'signed-in'
  | 'led'
  | 'took'
  | 'failed'
  | 'rejected'
  | 'signed-out'
  | 'revoked'
  | 'stolen'
  | 'trouble'

/** A token's life in one tab. */
export interface Bar {
  readonly from: number
  /** When it stopped being used: replaced, expired or signed out. */
  until: number
  /** When it would have expired. */
  end: number
  /** From when on it is refreshed ahead. */
  readonly ahead: number
  readonly generation: number
}

/** A stretch of time. `until` is absent while it lasts. */
export interface Span {
  readonly from: number
  until?: number
}

/** A moment that matters. */
export interface Mark {
  readonly at: number
  readonly symbol: Sign
  readonly text: string
}

/** API calls that went out together. */
export interface Calls {
  readonly at: number
  readonly count: number
  readonly answered: number
}

/** One tab's line. */
export interface Lane {
  readonly tab: string
  open: boolean
  readonly bars: Bar[]
  readonly marks: Mark[]
  /** While it led a refresh: the request to the server. */
  readonly led: Span[]
  /** While it waited for another tab's refresh. */
  readonly waited: Span[]
  readonly calls: Calls[]
}

/** Everything the timeline draws. */
export interface Model {
  readonly lanes: readonly Lane[]
  /** What reached the authorization server. */
  readonly server: readonly Mark[]
  readonly down: readonly Span[]
  readonly offline: readonly Span[]
  /** One tab's new token arriving in another. */
  readonly handovers: readonly { readonly at: number; readonly from: string; readonly to: string }[]
}

/** Puts the happenings of all tabs in order. `entries` are oldest first. */
export function timelineModel(entries: readonly Entry[]): Model {
  const lanes = new Map<string, Lane>()
  const server: Mark[] = []
  const [down, offline]: [Span[], Span[]] = [[], []]
  const handovers: { at: number; from: string; to: string }[] = []
  const leaders = new Map<string, string>()
  let ahead = 0

  for (const entry of entries) {
    const { tab, at } = entry
    const lane = lanes.get(tab) ?? { tab, open: true, bars: [], marks: [], led: [], waited: [], calls: [] }
    lanes.set(tab, lane)
    if (entry.kind !== 'tab') lane.open = true
    switch (entry.kind) {
      case 'tab':
        lane.open = entry.what === 'opened'
        if (!lane.open) endBar(lane, at)
        break
      case 'token':
        addBar(lane, at, entry)
        break
      case 'calls':
        lane.calls.push({ at, count: entry.count, answered: entry.answered })
        break
      case 'theft':
        lane.marks.push({ at, symbol: 'stolen', text: 'Copied tokens were refused elsewhere' })
        break
      case 'request':
        markRequest(lane, server, at, entry)
        break
      case 'knob':
        toggle(down, entry.world.down, at)
        toggle(offline, entry.world.offline, at)
        // The clock was put forward: every token's end came closer.
        for (const bar of [...lanes.values()].flatMap(({ bars }) => bars)) hasten(bar, entry.world.ahead - ahead, at)
        ahead = entry.world.ahead
        break
      case 'event': {
        const mark = markEvent(entry)
        if (mark) lane.marks.push(mark)
        const { type, grant, generation, duration = 0 } = entry
        const which = `${grant} ${generation}`
        if (type === 'refreshed') leaders.set(which, tab)
        const leader = leaders.get(which)
        const isOther = leader !== undefined && leader !== tab
        if (type === 'waited') lane.waited.push({ from: at - duration, until: at })
        if (type === 'adopted' && isOther) handovers.push({ at, from: leader, to: tab })
        if (type === 'signed_out') endBar(lane, at)
      }
    }
  }
  const sorted = [...lanes.values()].sort((a, b) => a.tab.localeCompare(b.tab))
  return { lanes: sorted, server, down, offline, handovers }
}

function addBar({ bars }: Lane, at: number, { end, lifetime, generation }: Extract<Entry, { kind: 'token' }>) {
  const last = bars.at(-1)
  // A reload finds the token the tab already had.
  const isSame = last?.generation === generation && Math.abs(last.end - end) < 1500
  if (last && isSame) {
    last.until = last.end
    return
  }
  if (last) last.until = Math.min(last.until, at)
  bars.push({ from: at, until: end, end, ahead: end - lifetime * 0.2, generation })
}

function endBar({ bars }: Lane, at: number) {
  const last = bars.at(-1)
  if (last) last.until = Math.min(last.until, at)
}

function hasten(bar: Bar, by: number, at: number) {
  if (by <= 0 || bar.end <= at) return
  bar.end = Math.max(at, bar.end - by)
  bar.until = Math.min(bar.until, bar.end)
}

function markRequest(lane: Lane, server: Mark[], at: number, request: Extract<Entry, { kind: 'request' }>) {
  const { to, took, status } = request
  const text = `${to} by tab ${lane.tab}: ${status}, ${Math.round(took)} ms`
  if (to === 'API' && status === 401)
    lane.marks.push({ at, symbol: 'rejected', text: 'The API refused the token (401)' })
  if (['API', 'metadata', 'request object'].includes(to)) return
  if (to === 'refresh') lane.led.push({ from: at - took, until: at })
  // What got no answer has not reached the server, as far as anybody knows.
  if (status === 0) return
  const symbol = status >= 400 ? 'failed' : to === 'revocation' ? 'revoked' : 'led'
  server.push({ at, text, symbol: to === 'code exchange' && symbol === 'led' ? 'signed-in' : symbol })
}

const meanings: Record<string, [Sign, string]> = {
  signed_in: ['signed-in', 'Signed in'],
  refreshed: ['led', 'Refreshed for all tabs'],
  adopted: ['took', "Took another tab's new token"],
  refresh_failed: ['failed', 'Refresh failed'],
  signed_out: ['signed-out', 'Signed out'],
  revoked: ['revoked', 'Revoked at the server'],
  revocation_failed: ['trouble', 'Revocation waits'],
  store_failed: ['trouble', 'Storage failed'],
  storage_lost: ['trouble', 'Storage was emptied'],
  degraded: ['trouble', 'The browser lacks something'],
}

function markEvent({ at, type, reason, outcome }: Extract<Entry, { kind: 'event' }>): Mark | undefined {
  // Holding back after a failure is no failure.
  if (outcome === 'throttled') return undefined
  const [symbol, text] = meanings[type] ?? []
  return symbol && text ? { at, symbol, text: reason ? `${text} (${reason})` : text } : undefined
}

function toggle(spans: Span[], on: boolean, at: number) {
  const last = spans.at(-1)
  const lasting = last && last.until === undefined
  if (on && !lasting) spans.push({ from: at })
  if (!on && lasting) last.until = at
}

import type { Attempt, World } from './world.ts'

/** What can happen in a tab, or to all of them. No secret is ever part of it. */
export type Happening =
  | { readonly kind: 'tab'; readonly what: 'opened' | 'closed' }
  /** The access token this tab uses from now on; `end` is when it expires, by the machine's clock. */
  | { readonly kind: 'token'; readonly generation: number; readonly end: number; readonly lifetime: number }
  /** An event of the token manager. */
  | {
      readonly kind: 'event'
      readonly type: string
      readonly grant?: string | undefined
      readonly generation?: number | undefined
      readonly reason?: string | undefined
      readonly outcome?: string | undefined
      readonly duration?: number | undefined
    }
  /** A request this tab made; `status` 0: no answer. */
  | { readonly kind: 'request'; readonly to: Destination; readonly took: number; readonly status: number }
  /** API calls a button made; `answered` of `count` with 200, the others failed with `error`. */
  | {
      readonly kind: 'calls'
      readonly count: number
      readonly answered: number
      readonly took: number
      readonly error?: string | undefined
    }
  /** Somebody turned a knob of the demo; `world` is how it is now. */
  | { readonly kind: 'knob'; readonly knob: string; readonly world: World }
  /** A program elsewhere tried to use copied tokens. */
  | { readonly kind: 'theft'; readonly attempts: readonly Attempt[] }
  /** Something a person should know. */
  | { readonly kind: 'note'; readonly text: string }

/** Where a request of the token manager goes. */
export type Destination = 'refresh' | 'code exchange' | 'revocation' | 'API' | 'metadata' | 'request object'

/** A happening with where and when. */
export type Entry = Happening & { readonly id: string; readonly tab: string; readonly at: number }

/** What happened in every tab of this demo, oldest first. */
export interface Feed {
  readonly entries: readonly Entry[]
  /** Adds what happened here and tells the other tabs. */
  add(happening: Happening, at?: number): void
  /** Hears every entry not known before, from any tab. */
  subscribe(listener: (entry: Entry) => void): void
}

const limit = 600
const storageKey = 'demo-feed'

/** Opens the feed of `tab`: its own past from before a reload, and what the other tabs tell. */
export function openFeed(tab: string): Feed {
  const channel = new BroadcastChannel('demo-feed')
  const listeners = new Set<(entry: Entry) => void>()
  const entries: Entry[] = remembered()
  const known = new Set(entries.map(({ id }) => id))

  const insert = (entry: Entry) => {
    if (known.has(entry.id)) return
    known.add(entry.id)
    const next = entries.findIndex(({ at }) => at > entry.at)
    entries.splice(next < 0 ? entries.length : next, 0, entry)
    for (const { id } of entries.splice(0, Math.max(0, entries.length - limit))) known.delete(id)
    sessionStorage.setItem(storageKey, JSON.stringify(entries))
    for (const listener of listeners) listener(entry)
  }

  channel.onmessage = ({ data }: MessageEvent<{ ask: true } | { entries: Entry[] }>) => {
    if ('entries' in data) data.entries.forEach(insert)
    else channel.postMessage({ entries })
  }
  channel.postMessage({ ask: true })
  return {
    entries,
    add(happening, at = Date.now()) {
      const entry = { ...happening, tab, at, id: crypto.randomUUID() }
      insert(entry)
      channel.postMessage({ entries: [entry] })
    },
    subscribe: (listener) => void listeners.add(listener),
  }
}

function remembered(): Entry[] {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? '[]')
  } catch {
    return []
  }
}

import type { Entry, Feed } from './feed.ts'
import { icon } from './glyphs.ts'
import { narrate } from './narration.ts'

const shown = 80

/** Writes the feed into `list` in words, newest first; `list` is a live region. */
export function createEventLog(list: HTMLElement, feed: Feed): void {
  // It scrolls: the keyboard has to get there, also where the browser does not see to that.
  list.tabIndex = 0
  const empty = list.querySelector('.empty')
  const add = (entry: Entry) => {
    const row = rowOf(entry)
    if (!row) return
    empty?.remove()
    const before = [...list.children].find((other) => Number((other as HTMLElement).dataset.at) <= entry.at)
    list.insertBefore(row, before ?? null)
    while (list.children.length > shown) list.lastElementChild?.remove()
  }
  for (const entry of feed.entries) add(entry)
  feed.subscribe(add)
}

function rowOf(entry: Entry): HTMLElement | undefined {
  const line = narrate(entry)
  if (!line) return undefined
  const row = document.createElement('li')
  row.dataset.at = String(entry.at)
  row.dataset.kind = entry.kind
  const time = document.createElement('time')
  time.dateTime = new Date(entry.at).toISOString()
  time.textContent = new Date(entry.at).toLocaleTimeString([], { hour12: false })
  const mark = document.createElement('span')
  mark.className = 'mark'
  if (line.symbol) mark.append(icon(line.symbol))
  const text = document.createElement('span')
  const tab = document.createElement('strong')
  tab.textContent = `Tab ${entry.tab}`
  text.append(tab, ` ${line.text}`)
  row.append(time, mark, text)
  return row
}

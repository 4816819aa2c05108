import type { TokenManager } from '../manager/token-manager.ts'
import type { EpochMs } from '../ports.ts'
import type { AccessToken } from '../protocol/access-token.ts'
import { describeEntry } from '../telemetry/describe-entry.ts'
import { explainSignOut } from '../telemetry/explain-sign-out.ts'
import { type Journal, LIMIT } from '../telemetry/journal.ts'
import { isJournalEntry, type JournalEntry } from '../telemetry/journal-entry.ts'
import type { DevtoolsPorts } from './devtools-ports.ts'
import { panelStyle } from './panel-style.ts'
import { type Part, partsOf, report } from './report.ts'
import { timeline, toneOf } from './timeline.ts'

/** How many entries the list shows at most. */
const SHOWN = 100

/** How often the parts that depend on the time are drawn again, in milliseconds. */
const TICK = 1_000

/** What a panel shows, and what its buttons control. */
export interface PanelOptions {
  readonly tokens: TokenManager
  readonly journal: Journal
  /** Absent: the panel has no buttons for the clock and the network. */
  readonly ports?: DevtoolsPorts | undefined
}

/** Draws a panel into `root` and keeps it up to date. Returns a function that ends this. */
export function openPanel(root: ShadowRoot, { tokens, journal, ports }: PanelOptions): () => void {
  const now = () => ports?.clock.now() ?? Date.now()
  const parts = document.createElement('dl')
  const why = document.createElement('p')
  const lives = document.createElement('div')
  const list = document.createElement('ol')
  const notice = document.createElement('p')
  notice.role = 'status'
  // The list scrolls. People who use the keyboard have to be able to focus it.
  list.tabIndex = 0
  list.ariaLabel = 'Decisions, newest first'

  let entries: readonly JournalEntry[] = []
  let token: Pick<AccessToken, 'type' | 'expiresAt' | 'scope'> | undefined

  const offline = button('Go offline', async () => {
    if (!ports) return

    ports.offline = !ports.offline
    offline.textContent = ports.offline ? 'Go online' : 'Go offline'
    // The manager waits for this event of the browser before it tries again.
    if (!ports.offline) dispatchEvent(new Event('online'))
  })
  const expire = button('Expire', async () => {
    if (!ports || token?.expiresAt === undefined) return

    const left = Math.max(token.expiresAt - now(), 0)
    ports.clock.ahead += left + 1_000
  })
  const buttons = [
    ...(ports ? [expire, offline] : []),
    button('Refresh', () => tokens.refresh({ reason: 'devtools' })),
    button('Sign out', () => tokens.signOut()),
    button('Copy report', copy),
  ]
  draw()

  const channel = new BroadcastChannel('tokenward.devtools')
  channel.onmessage = ({ data }) => {
    if (isJournalEntry(data)) add(data)
  }

  const undo = [
    tokens.subscribe(({ status }) => {
      if (status !== 'signedIn') token = undefined
      show()
    }),
    ...(['signed_in', 'refreshed', 'adopted'] as const).map((type) => tokens.on(type, () => void noteToken())),
    journal.subscribe((entry) => {
      channel.postMessage(entry)
      add(entry)
    }),
  ]
  const timer = setInterval(show, TICK)

  void journal.entries().then((kept) => {
    entries = withoutRepeats([...kept, ...entries])
    list.replaceChildren()
    show()
  })

  return () => {
    clearInterval(timer)
    channel.close()
    for (const stop of undo) stop()
    root.replaceChildren()
  }

  function draw(): void {
    const style = new CSSStyleSheet()
    style.replaceSync(panelStyle)
    root.adoptedStyleSheets = [style]

    const title = document.createElement('h2')
    title.textContent = `tokenward · tab ${journal.context}`

    const header = document.createElement('header')
    header.append(title, ...buttons)

    const section = document.createElement('section')
    section.ariaLabel = 'tokenward devtools'
    section.append(header, notice, why, parts, lives, list)
    root.replaceChildren(section)
  }

  function add(entry: JournalEntry): void {
    entries = [...entries, entry].slice(-LIMIT)

    list.prepend(rowOf(entry))
    while (list.children.length > SHOWN) list.lastElementChild?.remove()

    show()
  }

  function show(): void {
    const explained = tokens.state.status === 'signedOut' ? explainSignOut(entries) : undefined
    why.textContent = explained ? `${explained.summary} ${explained.advice ?? ''}` : ''

    parts.replaceChildren(...[...partsOf(tokens.state), ...tokenParts()].flatMap(pairOf))
    lives.replaceChildren(timeline(entries, now()))

    if (list.children.length === 0) list.replaceChildren(...entries.slice(-SHOWN).reverse().map(rowOf))
  }

  function tokenParts(): readonly Part[] {
    if (!token) return []

    return [['access token', `${token.type}, ${lifeOf(token.expiresAt)}`]]
  }

  function lifeOf(expiresAt: EpochMs | undefined): string {
    if (expiresAt === undefined) return 'no expiry known'

    const seconds = Math.ceil((expiresAt - now()) / 1_000)
    return seconds > 0 ? `expires in ${seconds} s` : 'expired'
  }

  /** Keeps what the panel shows of the access token. The token's text is not among it. */
  async function noteToken(): Promise<void> {
    const { type, expiresAt, scope } = await tokens.getAccessToken().catch((): Partial<AccessToken> => ({}))
    if (type === undefined || scope === undefined) return

    token = { type, scope, ...(expiresAt !== undefined && { expiresAt }) }
    show()
  }

  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(report(tokens.state, entries))
    notice.textContent = 'Copied. It holds no token and nobody’s name.'
  }

  function button(text: string, press: () => Promise<unknown>): HTMLButtonElement {
    const made = document.createElement('button')
    made.type = 'button'
    made.textContent = text

    made.onclick = async () => {
      notice.textContent = ''
      try {
        await press()
      } catch (error) {
        const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
        notice.textContent = `${text}: ${typeof code === 'string' ? code : name}`
      }
      show()
    }

    return made
  }
}

/** An entry may come from the store and from another tab's message. */
function withoutRepeats(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const byContent = new Map(entries.map((entry) => [JSON.stringify(entry), entry]))
  return [...byContent.values()]
}

function rowOf(entry: JournalEntry): HTMLElement {
  const time = document.createElement('time')
  time.dateTime = new Date(entry.at).toISOString()
  time.textContent = new Date(entry.at).toLocaleTimeString([], { hour12: false })

  const context = document.createElement('code')
  context.textContent = entry.context

  const type = document.createElement('code')
  type.textContent = entry.type
  type.className = toneOf(entry)

  const text = document.createElement('span')
  text.textContent = describeEntry(entry)

  const row = document.createElement('li')
  row.append(time, context, type, text)
  return row
}

function pairOf([name, value]: Part): readonly HTMLElement[] {
  const term = document.createElement('dt')
  term.textContent = name

  const description = document.createElement('dd')
  description.textContent = value

  return [term, description]
}

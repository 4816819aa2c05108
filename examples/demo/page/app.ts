import {
  type AccessToken,
  allowInsecureLoopback,
  createTokenManager,
  dpop,
  indexedDbStore,
  pushedAuthorizationRequests,
  type SessionState,
  TokenManagerError,
} from 'tokenward/browser'
import { devtools } from 'tokenward/devtools'
import { journal } from 'tokenward/telemetry'
import { showControls, wireControls } from './controls.ts'
import { createDemoClock } from './demo-clock.ts'
import { createEventLog } from './event-log.ts'
import { type Entry, openFeed } from './feed.ts'
import { showLegend } from './legend.ts'
import { createNetwork } from './network.ts'
import { showCounts, showState, showToken, type Token } from './session-panel.ts'
import { claimTabName } from './tab-name.ts'
import { createTimeline } from './timeline.ts'
import { watchEvents } from './watch-events.ts'
import { type Knob, readSetting, turnKnob, type World } from './world.ts'

const [tab, setting] = await Promise.all([claimTabName(), readSetting()])
let world: World = setting.world
let token: Token | undefined

const feed = openFeed(tab)
const clock = createDemoClock(world.ahead)
const network = createNetwork(setting.api, ({ to, took, status, endedAt, asksForNonce }) => {
  if (!asksForNonce) feed.add({ kind: 'request', to, took, status }, endedAt)
  if (to !== 'API') void updateCounts()
})
network.offline = world.offline

const tokens = createTokenManager({
  issuer: setting.issuer,
  clientId: setting.clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid offline_access profile notes',
  resources: [`${setting.api}/`],
  dpop: dpop({ required: true }),
  pushedAuthorizationRequests: pushedAuthorizationRequests(),
  fetch: network.fetch,
  clock,
  [allowInsecureLoopback]: true,
})

const show = () => {
  showState(tokens.state, lastRefusal(feed.entries))
  showControls(tokens.state, world, openTabs(feed.entries))
}

watchEvents(tokens, (event) => feed.add({ kind: 'event', ...event }))
for (const type of ['signed_in', 'refreshed', 'adopted'] as const)
  tokens.on(type, ({ generation }) => void noteToken(generation ?? 0))
tokens.subscribe((state: SessionState) => {
  if (state.status !== 'signedIn') token = undefined
  show()
})
feed.subscribe((entry) => {
  if (entry.kind === 'knob') follow(entry.world)
  show()
})

wireControls(
  {
    signIn: () => {
      const again = tokens.state.status === 'signedOut' && tokens.state.reason !== 'none'
      return tokens.signIn(again ? { prompt: 'login' } : {})
    },
    call,
    expire: () => turn('expire', Math.max(token ? token.end - Date.now() : 0, 0) + 500),
    async deny() {
      await turn('deny')
      await call(1)
    },
    async steal() {
      const { theft } = await turn('steal')
      feed.add({ kind: 'theft', attempts: theft })
      await call(1)
    },
    async revoke() {
      await turn('revoke')
      await call(1)
    },
    async logOutEverywhere() {
      await turn('logout')
      await call(1)
    },
    async signOut(offline) {
      if (offline) await turn('offline')
      await tokens.signOut()
    },
    toggleServer: () => turn(world.down ? 'up' : 'down'),
    reconnect: () => turn('online'),
  },
  (error) => feed.add({ kind: 'note', text: `got ${error instanceof Error ? describe(error) : String(error)}` }),
)

document.title = `Tab ${tab} · tokenward demo`
const badge = document.getElementById('tab-badge') as HTMLElement
badge.textContent = `Tab ${tab}`
badge.hidden = false
showLegend(document.getElementById('legend') as HTMLElement)
createEventLog(document.getElementById('log') as HTMLElement, feed)
createTimeline(document.getElementById('timeline') as HTMLElement, feed, tab)
const decisions = journal(tokens, { store: indexedDbStore(), clock })
document.getElementById('devtools')?.append(devtools(tokens, { journal: decisions }))
showCounts(setting.counts)
feed.add({ kind: 'tab', what: 'opened' })
addEventListener('pagehide', () => feed.add({ kind: 'tab', what: 'closed' }))
addEventListener('pageshow', ({ persisted }) => persisted && feed.add({ kind: 'tab', what: 'opened' }))
setInterval(() => showToken(token), 250)
setInterval(() => document.visibilityState === 'visible' && void updateCounts(), 3000)

await tokens.ready()
if (location.pathname !== '/') history.replaceState(null, '', '/')
if (tokens.state.status === 'signedIn' && !token) {
  // The other tabs' answers tell which token it is.
  if (!lastGeneration(feed.entries)) await new Promise((next) => setTimeout(next, 100))
  await noteToken(lastGeneration(feed.entries))
}
document.body.dataset.ready = 'true'

/** Remembers the token in use for panel and timeline. Its value stays where it is. */
async function noteToken(generation: number) {
  const { expiresAt, type = '' } = await tokens.getAccessToken().catch((): Partial<AccessToken> => ({}))
  if (expiresAt === undefined) return
  const end = expiresAt - clock.ahead
  token = {
    generation,
    type,
    end,
    lifetime: Math.max(token?.generation === generation ? token.lifetime : end - Date.now(), 1),
  }
  const { type: _, ...times } = token
  feed.add({ kind: 'token', ...times })
}

async function call(count: number) {
  const startedAt = performance.now()
  const results = await Promise.allSettled(Array.from({ length: count }, () => tokens.fetch(`${setting.api}/notes`)))
  const answered = results.filter((result) => result.status === 'fulfilled' && result.value.ok).length
  const failed = results.find((result) => result.status === 'rejected')
  const refused = results.find((result) => result.status === 'fulfilled' && !result.value.ok)
  const error = failed
    ? describe((failed as PromiseRejectedResult).reason)
    : refused && `status ${(refused as PromiseFulfilledResult<Response>).value.status}`
  feed.add({ kind: 'calls', count, answered, took: performance.now() - startedAt, error })
}

async function turn(knob: Knob, by = 0) {
  const setting = await turnKnob(knob, by)
  feed.add({ kind: 'knob', knob, world: setting.world })
  showCounts(setting.counts)
  return setting
}

/** What one tab does to the world, every tab does. */
function follow(next: World) {
  const online = world.offline && !next.offline
  world = next
  network.offline = next.offline
  if (token && next.ahead > clock.ahead) token = { ...token, end: token.end - (next.ahead - clock.ahead) }
  if (next.ahead !== clock.ahead) clock.ahead = next.ahead
  // The library listens for the browser's own event, as it would come from a real network.
  if (online) dispatchEvent(new Event('online'))
}

async function updateCounts() {
  showCounts((await readSetting()).counts)
}

function describe(error: Error) {
  return error instanceof TokenManagerError ? `${error.code} (${error.reason})` : error.name
}

function lastGeneration(entries: readonly Entry[]) {
  const last = entries.findLast((entry) => entry.kind === 'token')
  return last?.kind === 'token' ? last.generation : 0
}

/** Why the API refused the token, if it did since the sign-in. */
function lastRefusal(entries: readonly Entry[]) {
  const last = entries.findLast((entry) => entry.kind === 'event' && /^(token_rejected|signed_in)$/.test(entry.type))
  return last?.kind === 'event' && last.type === 'token_rejected' ? last.reason : undefined
}

function openTabs(entries: readonly Entry[]) {
  const open = new Map(entries.map((entry) => [entry.tab, !(entry.kind === 'tab' && entry.what === 'closed')]))
  return [...open.values()].filter(Boolean).length
}

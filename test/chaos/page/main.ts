import { allowInsecureLoopback, createTokenManager, type Store, type TokenManagerError } from 'tokenward/browser'
import { browserPlatform } from '../../../src/browser/platform.ts'
import { runningTime } from '../running-time.ts'
import { ANSWERED, type Command, DELETED, type PageSettings, type Report, SENT } from './report.ts'

const settings: PageSettings = JSON.parse(document.getElementById('settings')?.textContent ?? '{}')
const tab = new URLSearchParams(location.search).get('tab') ?? ''
const context = `${tab}.${Math.round(performance.timeOrigin + performance.now()).toString(36)}`
const { issuer, token_endpoint } = settings.metadata

let ahead = 0
const now = Date.now
Date.now = () => now() + ahead

const manager = createTokenManager({
  issuer,
  clientId: 'chaos',
  resources: [settings.api],
  requestTimeout: settings.requestTimeout,
  metadata: { issuer, token_endpoint: `${token_endpoint}?context=${context}` },
  [allowInsecureLoopback]: true,
  ...(settings.leaseless && {
    store: leaseless(),
    lock: { spans: 'process', request: (_name, _options, run) => run() },
  }),
})

const BEAT = 250
const LIMIT = 12

const ran = runningTime()

const pending = new Set<{ readonly since: number }>()
let serial = 0
let resting = false
let family = ''
const empty = () => ({
  begun: 0,
  answered: 0,
  longest: 0,
  failed: {} as Record<string, number>,
  refreshed: 0,
  restored: 0,
  signedOut: [] as { reason: string; family: string }[],
  uncaught: [] as string[],
  story: [] as [number, string][],
})
let since = empty()

async function call() {
  const one = { since: ran() }
  pending.add(one)
  since.begun++
  try {
    const { status } = await manager.fetch(settings.api)
    if (status === 200) {
      since.answered++
      family = (await manager.getAccessToken().catch(() => undefined))?.value.split('.')[0] ?? family
    } else fail(`status ${status}`)
  } catch (error) {
    const { code, reason, name } = error as TokenManagerError
    fail(code ? `${code} ${reason}` : name)
  }
  pending.delete(one)
  since.longest = Math.max(since.longest, Math.round(ran() - one.since))
}

function fail(why: string) {
  since.failed[why] = (since.failed[why] ?? 0) + 1
}

async function work(): Promise<void> {
  const [low, high] = settings.pace
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, low + Math.random() * (high - low)))
    // Signed out there is nothing to call for.
    if (!resting && pending.size < LIMIT && manager.state.status === 'signedIn') void call()
  }
}

async function tell(): Promise<void> {
  for (;;) {
    const told = since
    since = empty()
    const { begun, answered, longest, failed, ...rest } = told
    const { state } = manager
    const oldest = Math.max(0, ...[...pending].map((one) => Math.round(ran() - one.since)))
    const report: Report = {
      context,
      tab,
      serial: ++serial,
      family,
      calls: { begun, answered, longest, failed },
      ...rest,
      state: state.status === 'signedOut' ? `signedOut ${state.reason}` : state.status,
      health: state.status === 'signedIn' ? state.health : undefined,
      pending: { count: pending.size, oldest },
    }
    for (let told = false; !told; ) {
      await new Promise((resolve) => setTimeout(resolve, BEAT))
      try {
        const response = await fetch('/report', { method: 'POST', body: JSON.stringify(report) })
        const commands: Command[] = await response.json()
        told = true
        for (const command of commands) await obey(command)
      } catch {}
    }
  }
}

async function obey(command: Command) {
  if (command.do === 'adopt' && now() < (command.until ?? Infinity)) await manager.adopt(command.tokens)
  if (command.do === 'clock') ahead += command.by
  if (command.do === 'rest') resting = true
  if (command.do === 'leave') location.href = `/elsewhere?ms=${command.ms}`
  if (command.do === 'clear')
    for (const { name = '' } of await indexedDB.databases())
      indexedDB.deleteDatabase(name).onsuccess = () => tale(DELETED)
}

function leaseless(): Store<unknown> {
  const { store } = browserPlatform({})!
  return {
    async get(key) {
      const row = await store.get(key)
      return row && { ...row, value: { ...(row.value as object), lease: undefined } }
    },
    swap: store.swap,
  }
}

manager.on('refreshed', () => void since.refreshed++)
manager.on('signed_out', ({ reason }) => void since.signedOut.push({ reason, family }))
addEventListener('pageshow', ({ persisted }) => void (persisted && since.restored++))
const tale = (what: string) => void since.story.push([now(), what])
const request = fetch
globalThis.fetch = async (input, init) => {
  const asks = String(input).startsWith(token_endpoint)
  if (asks) tale(SENT)
  const response = await request(input, init)
  if (asks) tale(`${ANSWERED} ${response.status}`)
  return response
}
for (const type of ['refreshing', 'refreshed', 'waited', 'storage_lost', 'store_failed', 'clock_jumped'] as const)
  manager.on(type, () => tale(type))
manager.on('refresh_failed', ({ outcome, reason }) => tale(`${outcome} ${reason}`))
for (const type of ['pagehide', 'pageshow']) addEventListener(type, () => tale(type))
for (const type of ['freeze', 'resume', 'visibilitychange']) document.addEventListener(type, () => tale(type))
addEventListener('error', ({ message }) => void since.uncaught.push(message))
addEventListener('unhandledrejection', ({ reason }) => void since.uncaught.push(String(reason)))
void manager.ready().then(work)
void tell()

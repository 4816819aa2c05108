import { setTimeout as sleep } from 'node:timers/promises'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts'
import { startChaosSite } from './chaos-site.ts'
import { type EngineName, type EngineTab, engines } from './engine.ts'
import { type FaultName, faults } from './faults.ts'
import { CLEARED, ledger as createLedger } from './ledger.ts'
import { type Command, DELETED, type Report } from './page/report.ts'
import { chance as createChance } from './random.ts'
import { createTally, type Tally } from './tally.ts'

/** How a run is made. */
export interface ChaosOptions {
  readonly engine: EngineName
  /** How long faults are made, ms. */
  readonly duration: number
  /** What has to be seen as well before they end; default a refresh. A loaded machine is given a minute and a half more for it, and for an answered call. */
  readonly enough?: (server: MisbehavingServer) => boolean
  readonly seed: number
  /** Whether a refresh token that comes again within 30 s is answered with the same pair: then no lost answer costs a session. */
  readonly grace?: boolean
  /** Does nothing but this; default everything. */
  readonly only?: readonly FaultName[]
  /** Takes lock and lease away from the pages, to see that it is found. */
  readonly leaseless?: boolean
  /** Hears of what happens. */
  readonly log?: (line: string) => void
}

/** What came of a run. */
export interface ChaosResult extends Tally {
  readonly engine: EngineName
  readonly version: string
  readonly seed: number
  /** How often each was done; absent: this engine's driver cannot. */
  readonly faults: ReadonlyMap<FaultName, number>
  /** How often the browser had to be started anew. */
  readonly restarts: number
}

/** The longest that a page is hung or frozen, ms: longer than a lease lives. */
const STANDSTILL = 12_000
const FIRST_TABS = 2
/** How much longer than asked a run lasts in which nothing has happened yet, ms. */
const MORE = 90_000
const REQUEST_TIMEOUT = 5_000
/** How long a session that nobody has any more is waited for before it counts as lost: on a loaded machine pages read slowly. */
const NOBODY = 4_000
/** A page that was not heard of for longer may have just woken, and not know yet who signed in meanwhile. */
const STEADY = 2_500
/** How long a page that is to sign in may take to begin, and how long it is waited for. */
const BEGINS = 3_000
const SIGNS_IN = 10_000
/** How long calls may take once all faults are over. */
const DRAIN = 120_000
/** How long a storage that was deleted is missed: its lease went with it. */
const LEASELESS = REQUEST_TIMEOUT + 3_000

/** Pages in a real browser that call and call, while everything around them goes wrong. */
export async function runChaos({
  engine: name,
  duration,
  enough = ({ requests }) => requests.some(({ outcome }) => outcome === 'granted'),
  seed,
  grace = false,
  leaseless = false,
  only,
  log = () => {},
}: ChaosOptions): Promise<ChaosResult> {
  const chance = createChance(seed)
  const server = await startMisbehavingServer()
  const proxy = await startFaultProxy(server.port)
  // Short lives: a refresh every few seconds, some ahead of expiry and some on use.
  server.expiresIn = () => chance.between(1, 5)
  server.rotation = grace ? 'grace' : 'strict'
  server.latency = { before: 100, after: 100 }
  const ledger = createLedger(REQUEST_TIMEOUT)
  const tally = createTally(server, ledger, grace)
  const tabs = new Map<string, EngineTab>()
  const letters: { readonly tab: string | undefined; readonly command: Command }[] = []
  const counts = new Map<FaultName, number>()
  const running = new Set<Promise<unknown>>()
  const nobodySince = new Map<string, { readonly since: number; readonly last: number }>()
  let draining = false
  let serial = 0
  let restarts = 0
  let signedInAt = Date.now()
  let waitingFor: { readonly context: string; readonly since: number } | undefined

  const hear = (report: Report): Command[] => {
    ledger.hear(report)
    tally.hear(report)
    if (report.state === 'signedIn') {
      signedInAt = Date.now()
      waitingFor = undefined
    }
    for (const [at, what] of report.story) if (what === DELETED) cleared(at)
    const own = letters.filter(({ tab }) => tab === undefined || tab === report.tab)
    for (const letter of own) {
      letters.splice(letters.indexOf(letter), 1)
      if (letter.command.do === 'clear') cleared()
    }
    return [...own.map(({ command }) => command), ...signIn(report), ...(draining ? [{ do: 'rest' } as const] : [])]
  }

  const cleared = (at?: number) => {
    tally.cleared()
    setTimeout(ledger.disturb(CLEARED, undefined, at), LEASELESS)
  }

  /** Lets one page sign in where nobody is signed in. */
  const signIn = ({ state, context }: Report): Command[] => {
    const now = Date.now()
    const before = nobodySince.get(context)
    const goesOn = state.startsWith('signedOut') && before && now - before.last < STEADY
    const since = goesOn ? before.since : now
    nobodySince.set(context, { since, last: state.startsWith('signedOut') ? now : 0 })
    if (draining || !goesOn || now - since < NOBODY) return []
    if (now - signedInAt < NOBODY || (waitingFor && now - waitingFor.since < SIGNS_IN)) return []
    const loss = tally.endFamily()
    if (loss) log(loss)
    const { family, ...tokens } = server.issue()
    tally.beginFamily(family)
    waitingFor = { context, since: now }
    return [{ do: 'adopt', tokens, until: now + BEGINS }]
  }

  const site = await startChaosSite(
    {
      metadata: { issuer: server.issuer, token_endpoint: `${proxy.origin}/token` },
      api: server.api,
      requestTimeout: REQUEST_TIMEOUT,
      pace: [40, 300],
      leaseless,
    },
    hear,
  )
  let engine = await engines[name]()
  const { version } = engine
  const open = async () => {
    const tab = `t${++serial}`
    tabs.set(tab, await engine.open(`${site.origin}/?tab=${tab}`))
  }
  const restart = async () => {
    log('the browser is started anew')
    restarts++
    tabs.clear()
    await engine.stop()
    tally.endFamily('the browser was started anew')
    engine = await engines[name]()
    await open()
    await open()
  }
  /** Whoever is not heard of for long, and is not hung or frozen, is dead: another tab takes its place. */
  const bury = async () => {
    const heard = new Set(ledger.recent(20_000).map(({ last }) => last.tab))
    for (const [name, tab] of tabs) {
      if (heard.has(name) || serial - Number(name.slice(1)) < 3) continue
      tabs.delete(name)
      await Promise.race([tab.close().catch(() => {}), sleep(3_000)])
    }
  }

  try {
    for (let tries = 0; tabs.size < FIRST_TABS && tries < 5; tries++) await open().catch(({ message }) => log(message))
    // A loaded machine takes its time to show the first page: nothing is gained by faults before that.
    for (let waits = 0; waits < 100 && ledger.recent(5_000).length < FIRST_TABS; waits++) await sleep(200)
    if (engine.renderers().length === 0) throw new Error(`Which processes of ${version} draw pages?`)
    const end = Date.now() + duration
    const standstill = Math.min(STANDSTILL, duration / 3)
    let lost = 0
    let buried = Date.now()
    const isEnough = () => enough(server) && tally.answered > 0
    while (Date.now() < end || (!isEnough() && Date.now() < end + MORE)) {
      await sleep(chance.between(300, 1_500))
      if (!engine.reachable) {
        // What is left of the tabs goes on for a while without the driver.
        lost ||= Date.now()
        if (Date.now() - lost < 8_000) continue
        lost = 0
        await restart()
      }
      if (Date.now() - buried > 5_000) {
        buried = Date.now()
        await bury()
      }
      if (tabs.size < 2) await open().catch(() => {})
      const list = faults({
        standstill,
        engine,
        server,
        proxy,
        ledger,
        chance,
        tabs,
        open,
        tell,
      })
      for (const [, what] of list) if (!counts.has(what)) counts.set(what, 0)
      const wanted = list.filter(([, what]) => only?.includes(what) ?? true)
      const [what, run] = chance.weighted(wanted.map(([weight, what, run]) => [weight, [what, run]] as const))
      // There a killed page ends the driver's session: not all the time.
      if (what === 'renderer killed' && name === 'webkit' && chance.between(1, 3) > 1) continue
      const doing = run()
      if (doing === false) continue
      log(what)
      const work = Promise.resolve(doing)
        .then((done) => done !== false && counts.set(what, (counts.get(what) ?? 0) + 1))
        .catch((error: Error) => log(`${what}: ${error.message.split('\n')[0]}`))
        .finally(() => running.delete(work))
      running.add(work)
    }
    await Promise.race([Promise.all(running), sleep(35_000)])
    Object.assign(server.latency, { before: 0, after: 0 })
    draining = true
    await drained()
    return { ...tally.close(), engine: name, version, seed, faults: counts, restarts }
  } finally {
    await engine.stop()
    await Promise.all([site.stop(), proxy.stop(), server.stop()])
  }

  function tell(tab: string | undefined, command: Command) {
    letters.push({ tab, command })
  }

  /** Waits until every page that runs has had all its calls answered. */
  async function drained() {
    for (const end = Date.now() + DRAIN; Date.now() < end; await sleep(250)) {
      const waiting = ledger.recent(3_000).filter(({ last }) => last.pending.count > 0)
      if (waiting.length === 0) return
    }
    for (const { last } of ledger.recent(3_000)) tally.unanswered(last)
  }
}

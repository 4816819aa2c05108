import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../../support/browser/wait-for.ts'
import { type MisbehavingServer, startMisbehavingServer } from '../../support/misbehaving-server.ts'
import { type Engine, type EngineName, type EngineTab, engines } from '../engine.ts'
import { signal } from '../processes.ts'
import { bump, type Count, count, note } from './count.ts'
import type { Answer, Question } from './page/question.ts'
import { rendererOf } from './renderer-of.ts'
import { startWorkerSite } from './worker-site.ts'

/** What came of a run. */
export interface WorkerResult {
  readonly version: string
  readonly engine: Answer['engine']
  /** In how many rounds the worker was of no use, and the page that asked did it itself. */
  readonly itself: number
  /** By how the tab that asked went away: how often, and in how many of these the session survived. */
  readonly left: ReadonlyMap<string, Count>
  /** How long after the server's answer the other tab had its token, ms, in order. */
  readonly delays: readonly number[]
  /** The same without the worker, where the tab was closed. */
  readonly without: Count
  /** By whose process was killed. */
  readonly killed: ReadonlyMap<string, Count>
  /** What must not be. */
  readonly violations: readonly string[]
}

interface Place {
  readonly engine: Engine
  readonly tabs: Map<string, EngineTab>
  open(tab: string, worker?: boolean): Promise<void>
  ask(tab: string, question: Question): Promise<Answer>
  close(tab: string): Promise<void>
}

/** What the server takes to answer, ms, once it has rotated. */
const LATENCY = 300
/** The longest that a tab waits when the worker died, a lease and what follows, and a loaded machine takes to load it. */
const LONGEST = 90_000
const ways = ['closed', 'reloaded', 'navigated away'] as const
const victims = [
  'the tab that asked; another had started the worker',
  'the tab that asked, which had started the worker',
  'the tab that had started the worker; another asked',
] as const

/** Lets the tab that asked for a refresh go away in the middle of it, `rounds` times, and kills a process `kills` times. */
export async function runWorker(
  name: EngineName,
  rounds: number,
  kills: number,
  log: (line: string) => void = () => {},
): Promise<WorkerResult> {
  const server = await startMisbehavingServer()
  const metadata = { issuer: server.issuer, token_endpoint: `${server.issuer}/token` }
  const site = await startWorkerSite({ metadata, api: server.api })
  const left = new Map<string, Count>(ways.map((way) => [way, count()]))
  const killed = new Map<string, Count>(victims.map((victim) => [victim, count()]))
  const without = count()
  const delays: number[] = []
  const violations: string[] = []
  let itself = 0
  let facts: Answer['engine']
  let version = ''

  /** A browser with nothing in it, for as long as `run` takes. */
  const browser = async (run: (place: Place) => Promise<void>) => {
    const engine = await engines[name]()
    version = engine.version
    const tabs = new Map<string, EngineTab>()
    const ask = async (tab: string, question: Question) => {
      const answer = await Promise.race([site.ask(tab, question), sleep(LONGEST, undefined, { ref: false })])
      if (!answer) throw new Error(`${tab} does not answer.`)
      return answer
    }
    try {
      await run({
        engine,
        tabs,
        ask,
        open: async (tab, worker = true) =>
          void tabs.set(tab, await engine.open(`${site.origin}/?tab=${tab}${worker ? '&worker=1' : ''}`)),
        async close(tab) {
          const known = tabs.get(tab)
          tabs.delete(tab)
          await known?.close()
        },
      })
    } finally {
      await engine.stop()
    }
  }

  try {
    await browser(async (place) => {
      await signedIn(place, server, 'other')
      facts = (await place.ask('other', { do: 'engine' })).engine
      for (let round = 0; round < rounds; round++) {
        const way = ways[round % ways.length] as (typeof ways)[number]
        const asker = `asker${round}`
        await place.open(asker)
        await askFrom(place, server, asker)
        const began = server.requests.length
        const [said] = await Promise.all([place.ask('other', { do: 'refresh' }), goAway(place, way, asker)])
        const first = server.requests[began - 1]
        // Under load the other tab may not have got to its question before the answer was out: then it wanted one more.
        const late = (said.from ?? 0) > (first?.endedAt ?? 0) - 50
        const survived = note(left.get(way), said)
        log(`${round + 1} ${way}: ${said.got}, asked by ${first?.context || 'the worker'}`)
        if (survived && !late) delays.push(Math.round((said.to ?? 0) - (first?.endedAt ?? 0)))
        // What a page asks by itself can be lost with it; what the worker asks is not, in the engine that this is promised for.
        if (first?.context) itself++
        else if (!survived && name === 'chromium') violations.push(`${way}: a session lost (${told(server)})`)
        else if (survived && server.requests.length > began + Number(late))
          violations.push(`${way}: a second request (${told(server)})`)
        await place.close(asker)
        if (!survived) await signIn(place, server, 'other')
      }
    })
    await browser(async (place) => {
      for (let round = 0; round < Math.ceil(rounds / 10); round++) {
        const [other, asker] = [`lone${round}`, `alone${round}`]
        await signedIn(place, server, other, false)
        await place.open(asker, false)
        await askFrom(place, server, asker)
        const [said] = await Promise.all([place.ask(other, { do: 'refresh' }), place.close(asker)])
        note(without, said)
        log(`${round + 1} without the worker: ${said.got}`)
        await place.close(other)
      }
    })
    log('killing')
    // A killed page may take the driver's session with it.
    for (const victim of victims)
      for (let time = 0; time < kills; time++)
        await browser(async (place) => {
          const asker = victim === victims[1] ? 'first' : 'second'
          await signedIn(place, server, 'first')
          await place.ask('first', { do: 'refresh' })
          for (const tab of ['second', 'other']) {
            await place.open(tab)
            await place.ask(tab, { do: 'ballast', hold: false })
          }
          const of = victim === victims[2] ? 'first' : asker
          const pid = await rendererOf(place.engine, of, place.ask)
          if (pid === (await rendererOf(place.engine, 'other', place.ask)))
            return void bump(killed.get(victim), 'in one process with all')
          await askFrom(place, server, asker)
          signal(pid, 'SIGKILL')
          note(killed.get(victim), await place.ask('other', { do: 'refresh' }))
        }).catch(({ message }: Error) => bump(killed.get(victim), message))
    return { version, engine: facts, itself, left, delays: delays.sort((a, b) => a - b), without, killed, violations }
  } finally {
    await Promise.all([site.stop(), server.stop()])
  }
}

async function signedIn({ open, ask }: Place, server: MisbehavingServer, tab: string, worker = true) {
  await open(tab, worker)
  await signIn({ ask }, server, tab)
}

async function signIn({ ask }: Pick<Place, 'ask'>, server: MisbehavingServer, tab: string) {
  const { family: _, ...tokens } = server.issue()
  await ask(tab, { do: 'adopt', tokens })
}

/** Resolves once the server has rotated, and before it answers. */
async function askFrom({ ask }: Place, server: MisbehavingServer, tab: string) {
  // It listens, and so its manager is ready.
  await ask(tab, { do: 'ballast', hold: false })
  server.latency = { before: 0, after: LATENCY }
  const before = server.requests.length
  void ask(tab, { do: 'refresh' }).catch(() => {})
  await waitFor(() => server.requests.length > before, 15_000)
}

async function goAway({ ask, close, tabs }: Place, way: (typeof ways)[number], tab: string) {
  if (way === 'closed') await close(tab)
  if (way === 'reloaded') await tabs.get(tab)?.reload()
  if (way === 'navigated away') void ask(tab, { do: 'leave' }).catch(() => {})
}

const told = ({ requests }: MisbehavingServer) =>
  requests
    .slice(-2)
    .map(
      ({ at, endedAt = 0, outcome, reused, context }) =>
        `${context || 'the worker'} ${at % 100_000} to ${endedAt % 100_000} ${outcome}${reused ? ' reused' : ''}`,
    )
    .join(', ')

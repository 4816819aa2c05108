import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../../support/browser/wait-for.ts'
import { type MisbehavingServer, startMisbehavingServer } from '../../support/misbehaving-server.ts'
import { type Engine, type EngineName, type EngineTab, engines } from '../engine.ts'
import { signal } from '../processes.ts'
import type { Answer, Question } from './page/question.ts'
import { startWorkerSite } from './worker-site.ts'

/** What came of a run. */
export interface WorkerResult {
  readonly version: string
  readonly engine: Answer['engine']
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

/** How often, how often the session survived, and what else the other tabs were told. */
export interface Count {
  times: number
  survived: number
  readonly otherwise: Map<string, number>
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
/** The longest that a tab waits when the worker died: a lease, and what follows. */
const LONGEST = 40_000
const ways = ['closed', 'reloaded', 'navigated away'] as const
const victims = [
  'the tab that asked; another had started the worker',
  'the tab that asked, which had started the worker',
  'the tab that had started the worker; another asked',
] as const

/** Lets the tab that asked for a refresh go away in the middle of it, `rounds` times, and kills a process `kills` times. */
export async function runWorker(name: EngineName, rounds: number, kills: number): Promise<WorkerResult> {
  const server = await startMisbehavingServer()
  const metadata = { issuer: server.issuer, token_endpoint: `${server.issuer}/token` }
  const site = await startWorkerSite({ metadata, api: server.api })
  const left = new Map<string, Count>(ways.map((way) => [way, count()]))
  const killed = new Map<string, Count>(victims.map((victim) => [victim, count()]))
  const without = count()
  const delays: number[] = []
  const violations: string[] = []
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
        ...{ engine, tabs, ask },
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
        const late = (said.from ?? 0) > (first?.endedAt ?? 0)
        note(left.get(way), said)
        if (!late) delays.push(Math.round((said.to ?? 0) - (first?.endedAt ?? 0)))
        if (server.requests.length > began + Number(late)) violations.push(`${way}: a second request (${told(server)})`)
        if (said.degraded?.length || said.sent) violations.push(`${way}: the page did it itself`)
        await place.close(asker)
      }
    })
    await browser(async (place) => {
      for (let round = 0; round < Math.ceil(rounds / 10); round++) {
        await signedIn(place, server, 'other', false)
        await place.open('asker', false)
        await askFrom(place, server, 'asker')
        const [said] = await Promise.all([place.ask('other', { do: 'refresh' }), place.close('asker')])
        note(without, said)
        await place.close('other')
      }
    })
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
          const pid = await rendererOf(place, of)
          if (pid === (await rendererOf(place, 'other')))
            return void bump(killed.get(victim), 'in one process with all')
          await askFrom(place, server, asker)
          signal(pid, 'SIGKILL')
          note(killed.get(victim), await place.ask('other', { do: 'refresh' }))
        })
    return { version, engine: facts, left, delays: delays.sort((a, b) => a - b), without, killed, violations }
  } finally {
    await Promise.all([site.stop(), server.stop()])
  }
}

async function signedIn({ open, ask }: Place, server: MisbehavingServer, tab: string, worker = true) {
  await open(tab, worker)
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

/** The process whose memory grows with what the page takes. */
async function rendererOf({ engine, ask }: Place, tab: string): Promise<number> {
  for (let tries = 0; tries < 5; tries++) {
    await ask(tab, { do: 'ballast', hold: false })
    const before = new Map(engine.renderers().map((pid) => [pid, residentBytes(pid)]))
    await ask(tab, { do: 'ballast', hold: true })
    const grown = engine.renderers().filter((pid) => residentBytes(pid) - (before.get(pid) ?? 0) > 2 ** 25)
    await ask(tab, { do: 'ballast', hold: false })
    if (grown.length === 1) return grown[0] as number
    await sleep(500)
  }
  throw new Error(`Which process draws ${tab}?`)
}

const residentBytes = (pid: number) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096

const count = (): Count => ({ times: 0, survived: 0, otherwise: new Map() })

function note(one: Count | undefined, { got = '', state = '' }: Answer) {
  if (got !== 'a token' || state !== 'signedIn') return bump(one, `${got}, ${state}`)
  if (one) one.survived++
  bump(one)
}

function bump(one: Count | undefined, what?: string) {
  if (!one) return
  one.times++
  if (what !== undefined) one.otherwise.set(what, (one.otherwise.get(what) ?? 0) + 1)
}

const told = ({ requests }: MisbehavingServer) =>
  requests
    .slice(-2)
    .map(
      ({ at, endedAt = 0, outcome, reused }) =>
        `${at % 100_000} to ${endedAt % 100_000} ${outcome}${reused ? ' reused' : ''}`,
    )
    .join(', ')

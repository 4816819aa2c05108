import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { type SeenRequest, startMisbehavingServer } from '../../support/misbehaving-server.ts'
import { startSentinels } from '../../support/redis-server.ts'
import { ledger as createLedger } from '../ledger.ts'
import type { Report } from '../page/report.ts'
import { chance as createChance } from '../random.ts'
import { createTally, type Tally } from '../tally.ts'
import { createCrew } from './fleet-crew.ts'
import { type FleetFault, type FleetFaultName, fleetFaults, redisFaults } from './fleet-faults.ts'

/** How a run is made. */
export interface FleetChaosOptions {
  /** How long faults are made, ms. */
  readonly duration: number
  /** What has to be seen before they end. Default: an answered call. A loaded machine gets two and a half minutes more for it. */
  readonly enough?: (seen: Seen) => boolean
  readonly seed: number
  /** How many processes there are, while none is missing. Default 6. */
  readonly size?: number
  /** From one fault to the next, ms. Default 500 to 1 800. */
  readonly every?: readonly [low: number, high: number]
  /** How long Redis is left alone after a fault that it got over, ms. Default 4 000 to 9 000. */
  readonly calm?: readonly [low: number, high: number]
  /** Does nothing but this; default everything. */
  readonly only?: readonly FleetFaultName[]
  /** Takes the lease away from the processes, to see that it is found. */
  readonly leaseless?: boolean
  /** Hears of what happens. */
  readonly log?: (line: string) => void
}

/** What was seen so far. */
export interface Seen {
  readonly answered: number
  /** Whether a refresh token came twice, and nothing that was done explains it. */
  readonly hasOwnReuse: boolean
}

/** What came of a run. */
export interface FleetChaosResult extends Tally {
  readonly seed: number
  /** How often each was done. */
  readonly faults: ReadonlyMap<FleetFaultName, number>
  /** How many processes there were in all. */
  readonly processes: number
  /** For which part of the time Redis could be written: a primary and its replica, 0 to 1. */
  readonly usable: number
  /** From the end of all faults until all processes agreed and all calls were answered, ms; `undefined`: they never did. */
  readonly converged: number | undefined
}

/** All there are: then a write is on the one that the sentinels choose. */
const REPLICAS = 1
/** The longest that a process is stopped, ms: longer than a lease lives. */
const STANDSTILL = 9_000
const REQUEST_TIMEOUT = 2_000
/** How much longer than asked a run lasts in which not enough was seen, ms. */
const MORE = 150_000
/** How long a session that nobody has any more is waited for before it counts as lost: on a loaded machine processes read slowly. */
const NOBODY = 4_000
/** How long calls may take once all faults are over. */
const DRAIN = 90_000

/** Processes on one Redis that call and call, while everything around them goes wrong. */
export async function runFleetChaos({
  duration,
  enough = ({ answered }) => answered > 0,
  seed,
  size = 6,
  every = [500, 1_800],
  calm = [4_000, 9_000],
  only,
  leaseless = false,
  log = () => {},
}: FleetChaosOptions): Promise<FleetChaosResult> {
  const chance = createChance(seed)
  const [server, redis] = await Promise.all([startMisbehavingServer(), startSentinels(1)])
  const proxy = await startFaultProxy(server.port)
  // Short lives: a refresh every few seconds.
  server.expiresIn = () => chance.between(1, 5)
  server.latency = { before: 100, after: 100 }
  const ledger = createLedger(REQUEST_TIMEOUT)
  const tally = createTally(server, ledger, false)
  const key = randomBytes(32).toString('hex')
  const counts = new Map<FleetFaultName, number>()
  const running = new Set<Promise<unknown>>()
  let signedInAt = 0
  let signedOutSince: number | undefined
  /** Who has a new session that the store may not have taken yet. */
  let signingIn: { readonly name: string; readonly family: string } | undefined
  const looks = { all: 0, usable: 0 }
  let draining = false

  const hear = (name: string, report: Report) => {
    ledger.hear(report)
    tally.hear(report)
    const now = Date.now()
    if (report.state === 'signedIn') signedInAt = now
    // Who was stopped for longer than it takes to sign in does not keep the others waiting.
    const running = ledger.recent(1_000).filter(({ last }) => members.has(last.tab))
    if (!running.every(({ last }) => isOver(last.state))) signedOutSince = undefined
    else signedOutSince ??= now
    if (draining || !signedOutSince || now - signedOutSince < NOBODY || now - signedInAt < NOBODY) return
    // As long as its process lives, a sign-in is on its way to the store, and would take the place of another.
    if (signingIn && members.has(signingIn.name)) return
    signedOutSince = undefined
    const loss = tally.endFamily(signingIn && 'its process ended before the store had it')
    if (loss) log(loss)
    const { family, ...tokens } = server.issue()
    tally.beginFamily(family)
    signingIn = { name, family }
    members.get(name)?.tell({ do: 'adopt', tokens })
  }

  const crew = await createCrew({
    chance,
    log,
    limit: duration + MORE + 300_000,
    settings: (name) => ({
      key,
      leaseless,
      replicas: REPLICAS,
      requestTimeout: REQUEST_TIMEOUT,
      pace: [100, 600],
      api: server.api,
      redis: { sentinels: redis.sentinels, name: redis.name },
      metadata: server.metadata(name, proxy.origin),
    }),
    hear(name, message) {
      if (!('stored' in message)) hear(name, message)
      else if (message.stored === signingIn?.family) signingIn = undefined
    },
  })
  const { members, latest, start } = crew

  try {
    await Promise.all(Array.from({ length: size }, start))
    for (const end = Date.now() + 90_000; Date.now() < end && !signedInAt; ) await sleep(200)
    const standstill = Math.min(STANDSTILL, duration / 2)
    const context = { redis, server, proxy, ledger, chance, members, size, standstill, start }
    const begun = Date.now()
    // A loaded machine starts processes more slowly than faults end them. The longer not enough is seen, the rarer faults become.
    const pause = (range: readonly [low: number, high: number]) => {
      const late = Math.max(0, Date.now() - begun - duration)
      return sleep(chance.between(...range) * (1 + late / 5_000))
    }
    const goesOn = () => {
      const lasted = Date.now() - begun
      const isOwnReuse = (request: SeenRequest) => request.reused && ledger.causeOf(request) === undefined
      const hasOwnReuse = server.requests.some(isOwnReuse)
      const isMissing = !enough({ answered: tally.answered, hasOwnReuse })
      return lasted < duration || (isMissing && lasted < duration + MORE)
    }
    const toRedis = async () => {
      for (const list = wanted(redisFaults(context)); list.length > 0; ) {
        await pause(calm)
        if (!goesOn()) return
        await inflict(list)
      }
    }
    const watch = async () => {
      for (; goesOn(); await sleep(250)) {
        looks.all++
        if ((await redis.following()) >= REPLICAS) looks.usable++
      }
    }
    running.add(toRedis()).add(watch())
    for (const list = wanted(fleetFaults(context)); goesOn(); await pause(every)) {
      if (list.length === 0) continue
      const work = inflict(list).finally(() => running.delete(work))
      running.add(work)
    }
    await Promise.race([Promise.all(running), sleep(60_000)])
    Object.assign(server.latency, { before: 0, after: 0 })
    const converged = await drained()
    const result = tally.close()
    for (const request of server.requests.filter(({ reused }) => reused)) log(`reuse: ${howCome(request)}`)
    const apart = converged === undefined ? [`the processes do not agree: ${told()}`] : []
    return {
      ...result,
      seed,
      faults: counts,
      processes: crew.started,
      usable: looks.usable / looks.all,
      converged,
      violations: [...result.violations, ...apart],
    }
  } finally {
    for (const { pid } of members.values()) process.kill(pid, 'SIGKILL')
    await Promise.all([proxy.stop(), server.stop(), redis.stop()])
  }

  function wanted(list: readonly FleetFault[]): readonly FleetFault[] {
    return list.filter(([, what]) => only?.includes(what) ?? true)
  }

  /** Does one thing, and counts it if it was done. */
  async function inflict(list: readonly FleetFault[]) {
    const [what, run] = chance.weighted(list.map(([weight, what, run]) => [weight, [what, run] as const] as const))
    log(what)
    try {
      if ((await run()) !== false) counts.set(what, (counts.get(what) ?? 0) + 1)
    } catch (error) {
      log(`${what}: ${(error as Error).message}`)
    }
  }

  /** Waits until every process that lives has had all its calls answered, and all say the same. */
  async function drained(): Promise<number | undefined> {
    const began = Date.now()
    let looked = 0
    for (; Date.now() < began + DRAIN; await sleep(250)) {
      const living = [...members.keys()].map((name) => latest.get(name))
      const agreed = new Set(living.map((report) => report && `${report.state} ${report.family}`)).size === 1
      const healthy = living.every((report) => report?.state !== 'signedIn' || report.health === 'ok')
      if (agreed && healthy && !draining) {
        draining = true
        for (const member of members.values()) member.tell({ do: 'rest' })
        await sleep(600)
      } else if (agreed && living.every((report) => report?.pending.count === 0)) return Date.now() - began
      if (++looked % 20 === 0) log(`not yet: ${told()}`)
    }
    for (const name of members.keys()) {
      const report = latest.get(name)
      if (report) tally.unanswered(report)
    }
    return undefined
  }

  function howCome(request: SeenRequest): string {
    const { at, context, reused: first = request } = request
    const what = `${first.context} ${first.outcome} after ${(first.endedAt ?? at) - first.at} ms, ${context} ${at - first.at} ms later`
    return `${ledger.causeOf(request)}: ${what}; ${ledger.around(first.at - 8_000, at + 8_000, [first.context, context])}`
  }

  function told(): string {
    const living = [...members.keys()].map((name) => ({ name, ...latest.get(name) }))
    const failures = (report: Partial<Report>) => Object.keys(report.calls?.failed ?? {}).join(' and ')
    return living
      .map((one) => `${one.name} ${one.state} ${one.health} ${one.family} ${failures(one)}`.trimEnd())
      .join(', ')
  }
}

/** Who could not read says `storage_lost`, which is no news of the session. */
const isOver = (state: string) => state.startsWith('signedOut') && !state.endsWith('storage_lost')

import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../../support/fault-proxy.ts'
import type { MisbehavingServer, RequestFault } from '../../support/misbehaving-server.ts'
import type { RedisServer, SentinelTrio } from '../../support/redis-server.ts'
import { wildRefusals } from '../../support/wild-answers.ts'
import type { Ledger } from '../ledger.ts'
import { signal } from '../processes.ts'
import type { Chance } from '../random.ts'

/** Everything that is done to a fleet. */
export const fleetFaultNames = [
  ...(['process started', 'process ended', 'process killed', 'process stopped'] as const),
  ...(['Redis restarted', 'Redis failed over', 'Redis paused', 'Redis hung', 'Redis killed'] as const),
  ...(['network cut', 'answer lost', 'answer late', 'request reset', 'request refused', 'server slow'] as const),
]
/** What one of them is called. */
export type FleetFaultName = (typeof fleetFaultNames)[number]

/** One process of the fleet. */
export interface Member {
  readonly pid: number
  /** Ends it as it would end by itself. */
  end(): void
}

/** What faults are done with. */
export interface FleetFaultContext {
  readonly redis: SentinelTrio
  readonly server: MisbehavingServer
  readonly proxy: FaultProxy
  readonly ledger: Ledger
  readonly chance: Chance
  /** By name. */
  readonly members: Map<string, Member>
  /** How many there are to be. */
  readonly size: number
  /** The longest that a process is stopped, ms. */
  readonly standstill: number
  start(): Promise<void>
}

/** By how often, what, and how; `run` resolves when it is over, to false if it was not done. */
export type FleetFault = readonly [weight: number, what: FleetFaultName, run: () => Promise<unknown> | unknown]

/** What can be done to the processes, and to the authorization server and the way to it: many at once. */
export function fleetFaults(context: FleetFaultContext): readonly FleetFault[] {
  return [...processFaults(context), ...serverFaults(context)]
}

function processFaults({ ledger, chance, members, size, standstill, start }: FleetFaultContext): readonly FleetFault[] {
  const withAny = (run: (member: Member, name: string) => Promise<unknown> | unknown) => () => {
    const name = chance.of([...members.keys()]) ?? ''
    const member = members.get(name)
    return member ? run(member, name) : false
  }
  return [
    [4, 'process started', () => members.size < size && start()],
    [
      1,
      'process ended',
      withAny((member, name) => {
        if (members.size < 3) return false
        ledger.disturb('process ended', name)
        members.delete(name)
        return member.end()
      }),
    ],
    [
      3,
      'process killed',
      withAny(async ({ pid }, name) => {
        if (members.size < 3) return false
        ledger.disturb('process killed', name)
        members.delete(name)
        return signal(pid, 'SIGKILL')
      }),
    ],
    [
      3,
      'process stopped',
      withAny(async ({ pid }, name) => {
        const over = ledger.disturb('process stopped', name)
        signal(pid, 'SIGSTOP')
        await sleep(chance.between(500, standstill))
        signal(pid, 'SIGCONT')
        over()
      }),
    ],
  ]
}

/** What can be done to Redis: one after the other. Each is over when there is a primary that has all its replicas. */
export function redisFaults({ redis, chance }: FleetFaultContext): readonly FleetFault[] {
  const one = (run: (primary: RedisServer) => Promise<unknown>) => async () => {
    await run(await redis.primary())
    await redis.settled()
  }
  return [
    [
      1,
      'Redis restarted',
      one(async (primary) => {
        await primary.kill()
        await primary.start()
      }),
    ],
    [1, 'Redis failed over', one(() => redis.failOver())],
    [
      2,
      'Redis paused',
      one(async (primary) => {
        const ms = chance.between(300, 3_000)
        await primary.send('CLIENT', 'PAUSE', ms, 'ALL')
        await sleep(ms)
      }),
    ],
    [
      1,
      'Redis hung',
      one(async (primary) => {
        primary.hang(true)
        await sleep(chance.between(500, 4_000))
        primary.hang(false)
      }),
    ],
    [
      1,
      'Redis killed',
      one(async (primary) => {
        await primary.kill()
        await sleep(chance.between(1_500, 5_000))
        await primary.start()
      }),
    ],
  ]
}

function serverFaults({ server, proxy, ledger, chance }: FleetFaultContext): readonly FleetFault[] {
  /** One after the other, with refreshes that go well in between: a back-off of minutes would leave nothing to see. */
  const hit = (fault: RequestFault) => {
    if (server.requests.slice(-2).some(({ outcome }) => outcome !== 'granted') || server.faultsWaiting > 0) return false
    server.next(fault)
    return true
  }
  // A wait of an hour is kept, and nothing would happen any more.
  const refusals = Object.entries(wildRefusals).filter(([name]) => !name.includes('year'))
  return [
    [
      1,
      'network cut',
      async () => {
        const over = ledger.disturb('network cut')
        proxy.down = true
        await sleep(chance.between(300, 1_500))
        proxy.down = false
        over()
      },
    ],
    [2, 'answer lost', () => hit({ kind: chance.of(['lose', 'hang'] as const) ?? 'lose' })],
    [3, 'answer late', () => hit({ kind: 'late', ms: chance.between(300, 1_500) })],
    [3, 'request reset', () => hit({ kind: 'reset' })],
    [3, 'request refused', () => hit({ kind: 'refuse', answer: chance.of(refusals)?.[1] ?? wildRefusals['a 408'] })],
    [
      3,
      'server slow',
      () => void Object.assign(server.latency, { before: chance.between(0, 400), after: chance.between(0, 400) }),
    ],
  ]
}

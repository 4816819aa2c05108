import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../support/fault-proxy.ts'
import type { MisbehavingServer, RequestFault } from '../support/misbehaving-server.ts'
import { wildRefusals } from '../support/wild-answers.ts'
import type { Engine, EngineTab } from './engine.ts'
import { HUNG, type Ledger } from './ledger.ts'
import type { Command } from './page/report.ts'
import { signal } from './processes.ts'
import type { Chance } from './random.ts'

/** Everything that is done to a session. */
export const faultNames = [
  ...(['tab opened', 'tab closed', 'tab reloaded', 'left and came back', 'renderer killed', 'renderer hung'] as const),
  ...([
    'tab frozen',
    'offline',
    'network cut',
    'clock moved',
    'storage cleared',
    'answer lost',
    'answer late',
  ] as const),
  ...(['request reset', 'request refused', 'server slow'] as const),
]
/** What one of them is called. */
export type FaultName = (typeof faultNames)[number]

/** What faults are done with. */
export interface FaultContext {
  readonly engine: Engine
  readonly server: MisbehavingServer
  readonly proxy: FaultProxy
  readonly ledger: Ledger
  readonly chance: Chance
  /** By name. */
  readonly tabs: Map<string, EngineTab>
  /** The longest that a page is hung or frozen, ms. */
  readonly standstill: number
  open(): Promise<void>
  /** Tells a page something; `undefined`: whichever is heard next. */
  tell(tab: string | undefined, command: Command): void
}

const MOST_TABS = 6
const FEWEST_TABS = 2

/** What can be done in this engine, by how often; each resolves when it is over, to false if it was not done. */
export function faults(
  context: FaultContext,
): readonly (readonly [number, FaultName, () => Promise<unknown> | unknown])[] {
  const { engine, server, proxy, ledger, chance, tabs, standstill, open, tell } = context
  const anyTab = () => chance.of([...tabs.keys()]) ?? ''
  /** Does `run` while the ledger knows about it, and takes what a tab that is gone or hung rejects with for done. */
  const disturbed = async (what: FaultName, tab: string | undefined, run: () => Promise<unknown>) => {
    const over = ledger.disturb(what, tab)
    await Promise.race([run().catch(() => {}), sleep(30_000, undefined, { ref: false })])
    over()
  }
  const withTab = (what: FaultName, run: (tab: EngineTab, name: string) => Promise<unknown>) => {
    const name = anyTab()
    const tab = tabs.get(name)
    return tab !== undefined && disturbed(what, name, () => run(tab, name))
  }
  const renderer = async (what: 'renderer hung' | 'renderer killed') => {
    const pid = chance.of(engine.renderers())
    if (pid === undefined) return false
    if (what === 'renderer killed') return signal(pid, 'SIGKILL')
    const over = ledger.disturb(HUNG)
    signal(pid, 'SIGSTOP')
    await sleep(chance.between(1_000, standstill))
    signal(pid, 'SIGCONT')
    over()
    return true
  }
  /** One after the other, with a refresh that goes well in between: a back-off of minutes would leave nothing to see. */
  const hit = (fault: RequestFault) => {
    const { outcome = 'granted' } = server.requests.at(-1) ?? {}
    if (outcome !== 'granted' || server.faultsWaiting > 0) return false
    server.next(fault)
    return true
  }
  const slow = (latency: MisbehavingServer['latency']) => void Object.assign(server.latency, latency)
  const can = engine.setOffline
  const canFreeze = [...tabs.values()].some(({ setFrozen }) => setFrozen)
  return [
    [8, 'tab opened', () => tabs.size < MOST_TABS && open()],
    [
      6,
      'tab closed',
      () =>
        tabs.size > FEWEST_TABS &&
        withTab('tab closed', (tab, name) => {
          tabs.delete(name)
          return tab.close()
        }),
    ],
    [6, 'tab reloaded', () => withTab('tab reloaded', (tab) => tab.reload())],
    [
      4,
      'left and came back',
      () =>
        withTab('left and came back', async (_, name) => {
          const ms = chance.between(500, 3_000)
          tell(name, { do: 'leave', ms })
          await sleep(ms + 2_000)
        }),
    ],
    [3, 'renderer killed', () => renderer('renderer killed')],
    [4, 'renderer hung', () => renderer('renderer hung')],
    ...(canFreeze
      ? ([
          [
            4,
            'tab frozen',
            () =>
              withTab('tab frozen', async (tab) => {
                await tab.setFrozen?.(true)
                await sleep(chance.between(1_000, standstill))
                await tab.setFrozen?.(false)
              }),
          ],
        ] as const)
      : []),
    ...(can
      ? ([
          [
            1,
            'offline',
            () =>
              disturbed('offline', undefined, async () => {
                await can(true)
                await sleep(chance.between(500, 3_000))
                await can(false)
              }),
          ],
        ] as const)
      : []),
    [
      2,
      'network cut',
      () =>
        disturbed('network cut', undefined, async () => {
          proxy.down = true
          await sleep(chance.between(300, 2_500))
          proxy.down = false
        }),
    ],
    [
      5,
      'clock moved',
      () => tell(anyTab(), { do: 'clock', by: chance.between(-60, 60) * (chance.of([100, 1_000, 60_000]) ?? 1) }),
    ],
    [1, 'storage cleared', () => tell(anyTab(), { do: 'clear' })],
    [1, 'answer lost', () => hit({ kind: chance.of(['lose', 'hang'] as const) ?? 'lose' })],
    [4, 'answer late', () => hit({ kind: 'late', ms: chance.between(300, 6_000) })],
    [2, 'request reset', () => hit({ kind: 'reset' })],
    [
      2,
      'request refused',
      () => {
        // A wait of an hour is kept, and nothing would happen any more.
        const names = Object.keys(wildRefusals).filter(
          (name) => !name.includes('year'),
        ) as (keyof typeof wildRefusals)[]
        const answer = wildRefusals[chance.of(names) ?? 'an empty 400']
        return hit({ kind: 'refuse', answer })
      },
    ],
    [4, 'server slow', () => slow({ before: chance.between(0, 600), after: chance.between(0, 600) })],
  ]
}

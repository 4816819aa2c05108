import type { TokenManagerError } from '../../src/index.ts'
import type { createTokenManager } from '../../src/manager/create-token-manager.ts'
import { act, start, thaw } from './acting.ts'
import { type AuthorizationServer, authorizationServer } from './authorization-server.ts'
import { type Broadcast, createBroadcast } from './broadcast.ts'
import type { Violation } from './evidence.ts'
import { type Judge, judge } from './judge.ts'
import { createLocks, type Locks } from './locks.ts'
import type { Move, Plan, ServerFault } from './plan.ts'
import { type Random, random } from './random.ts'
import { createStorage, type Storage } from './storage.ts'
import type { Tab } from './tab.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'
import { describe, secondsText } from './words.ts'

/** What is put to the test. */
export interface Subject {
  readonly createTokenManager: typeof createTokenManager
  readonly TokenManagerError: typeof TokenManagerError
}

/** A history while it happens. */
export interface History {
  readonly plan: Plan
  readonly subject: Subject
  readonly dice: Random
  readonly time: VirtualTime
  readonly storage: Storage
  readonly locks: Locks
  readonly channel: Broadcast
  readonly server: AuthorizationServer
  readonly judge: Judge
  readonly tabs: readonly Tab[]
  /** By how much the wall clock was set, ms. */
  readonly wallOffset: number
  /** The faults are over. */
  readonly calm: boolean
  storeFails(what: 'reads' | 'writes'): boolean
  serverFault(): ServerFault | undefined
  /** Who signs in: the same person as last time, or another one. */
  person(other: boolean): string
  /** A fault happened. */
  count(fault: string): void
  /** Something for the timeline, if there is one. */
  readonly note: ((tab: Tab | undefined, what: string) => void) | undefined
}

/** What came of a history. */
export interface Outcome {
  readonly violation: Violation | undefined
  readonly steps: number
  /** How many pages were opened. */
  readonly tabs: number
  /** True time, ms. */
  readonly time: number
  readonly faults: Readonly<Record<string, number>>
  readonly refreshes: number
  readonly reuses: number
  /** The longest any call waited in a tab that was awake, ms. */
  readonly longestWait: number
  readonly timeline: readonly string[]
}

const MINUTE = 60_000
/** Every so many histories, a rejection that is handled late counts as one that is not. */
const PROMPT = 10

/** Lets `plan` happen to `subject`, and judges it. */
export async function runHistory(plan: Plan, subject: Subject, { timeline = false } = {}): Promise<Outcome> {
  const dice = random(plan.seed).fork('history')
  const time = virtualTime(dice.fork('ties'), plan.seed % PROMPT === 0)
  const faults: Record<string, number> = {}
  const lines: string[] = []
  const seen = new Map<Tab, string>()
  const open: (Tab | undefined)[] = []
  const tabs: Tab[] = []
  const storeDown = { reads: 0, writes: 0 }
  let fault: { readonly how: ServerFault; readonly until: number } | undefined
  let wallOffset = 0
  let calm = false
  let people = 0

  const history: { -readonly [Name in keyof History]: History[Name] } = {
    plan,
    subject,
    dice,
    time,
    tabs,
    storage: createStorage(),
    server: authorizationServer(plan.server, dice.fork('server')),
    get wallOffset() {
      return wallOffset
    },
    get calm() {
      return calm
    },
    storeFails: (what) => time.now < storeDown[what],
    serverFault: () => (fault && time.now < fault.until ? fault.how : undefined),
    person: (other) => `person ${other ? ++people : people}`,
    count(kind) {
      faults[kind] = (faults[kind] ?? 0) + 1
    },
    note: timeline ? note : undefined,
    ...({} as Pick<History, 'judge' | 'locks' | 'channel'>),
  }
  history.judge = judge(history)
  history.locks = createLocks(history)
  history.channel = createBroadcast(history)
  const stop = () => history.judge.violation !== undefined
  const escaped = (reason: unknown) => history.judge.escaped(reason)
  process.on('unhandledRejection', escaped)

  for (const move of plan.moves) {
    await time.run(move.at, stop)
    if (stop()) break
    perform(move)
  }
  await time.run(plan.ends, stop)
  if (!stop()) await settleDown()
  for (const tab of tabs) tab.gone = true
  // Rejections that nobody handles are told only now.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', escaped)
  const { violation, presentations: refreshes, longestWait } = history.judge
  return {
    violation,
    refreshes,
    longestWait,
    reuses: history.server.reuses,
    steps: time.steps,
    tabs: tabs.length,
    time: time.now,
    faults,
    timeline: lines,
  }

  function note(tab: Tab | undefined, what: string) {
    // Whoever waits reads the same again and again.
    if (tab && what.startsWith('reads ')) {
      if (seen.get(tab) === what) return
      seen.set(tab, what)
    }
    lines.push(`${secondsText(time.now)}  ${(tab?.name ?? '').padEnd(7)} ${what}`)
  }

  /** The faults end; what must hold then is checked. */
  async function settleDown() {
    calm = true
    fault = undefined
    storeDown.reads = storeDown.writes = 0
    history.note?.(undefined, 'the faults are over')
    for (const tab of alive()) {
      delete tab.stepped
      if (tab.frozen) thaw(history, tab, true)
      if (tab.visible && tab.online) continue
      tab.visible = tab.online = true
      time.inTab(tab, 0, () => tab.tell('online'))
    }
    await time.run(Math.max(time.now, time.asleepUntil), stop)
    await quiet(30_000, 30_000)
    // Once more: what the first use begins in one tab, the second finds in every other.
    for (let round = 0, began = 0; round < 3 || (history.judge.changedAt > began && round < 9); round++) {
      began = time.now
      for (const tab of alive()) act(history, tab, 'getAccessToken')
      await quiet(plan.options.confirmInterval + 2_000, 3 * MINUTE)
    }
    history.judge.settled()
    await hearing()
    for (const tab of alive()) tab.manager.dispose()
    await time.run(time.now, stop)
    history.judge.disposed()
    await time.run(time.now + 10 * MINUTE, stop)
    history.judge.silent()
  }

  /** Where messages come, nobody has to be used to know. */
  async function hearing() {
    if (plan.noise.channelLoses === 1) return
    for (const move of ['refresh', 'signOut'] as const) {
      const [tab] = alive()
      if (!tab) return
      history.judge.listening(tab)
      act(history, tab, move)
      // A refresh may wait for its lock first. Then the message needs its time.
      await quiet(0, MINUTE)
      await time.run(time.now + 2_000, stop)
      history.judge.heard()
    }
  }

  /** Lets things calm down, for `least` to `most` ms. */
  async function quiet(least: number, most: number) {
    const end = time.now + most
    await time.run(time.now + least, stop)
    while (time.now < end && !stop() && history.judge.isBusy) await time.run(time.now + 5_000, stop)
  }

  function alive(): Tab[] {
    return tabs.filter((tab) => !tab.gone)
  }

  function perform(move: Move) {
    if ('tab' in move) {
      const tab = open[move.tab]
      if (move.do !== 'open') {
        if (!tab || tab.gone) return
        history.note?.(tab, `*** ${describe(move)}`)
        act(history, tab, move.do, move.after)
      } else if (!tab || tab.gone) {
        const opened = start(history, move.tab)
        open[move.tab] = opened
        tabs.push(opened)
      }
      return
    }
    history.note?.(undefined, `*** ${describe(move)}`)
    history.count(move.do)
    switch (move.do) {
      case 'sleep':
        return time.sleep(move.ms)
      case 'set the clock by':
        wallOffset += move.ms
        return
      case 'store fails':
        if (move.what !== 'writes') storeDown.reads = time.now + move.ms
        if (move.what !== 'reads') storeDown.writes = time.now + move.ms
        return
      case 'server fails':
        fault = { how: move.how, until: time.now + move.ms }
        return
      case 'clear storage':
        history.storage.clear()
        return history.judge.cleared()
      case 'steal lock':
        history.locks.steal()
        return history.judge.stolen()
      case 'revoke grant':
        for (const family of history.server.families) family.endedBy ??= 'administrator'
        return
      case 'reject access tokens':
        for (const token of history.server.accessTokens.values()) token.rejected = true
    }
  }
}

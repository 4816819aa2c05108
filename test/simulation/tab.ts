import type { TokenManager } from '../../src/index.ts'
import type { Channel, Clock, Crypto, Lifecycle, LifecycleEvent, Lock, Store } from '../../src/ports.ts'
import { EPOCH } from './authorization-server.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Sleeper } from './virtual-time.ts'

/** One context: a page with an event loop of its own. */
export interface Tab extends Sleeper {
  readonly name: string
  readonly slot: number
  manager: TokenManager
  visible: boolean
  online: boolean
  /** When the last successful read began, true time. */
  readAt: number
  /** How long the last read took, ms. */
  readTook: number
  /** When a message or a lifecycle event last came, true time. */
  heardAt: number
  /** A call that was under way when it was disposed of may still go by what it knew. */
  disposedAt: number
  /** The grants it knows to have ended. */
  readonly knowsEnded: Set<string>
  /** How often it was asked to sign out. */
  signOuts: number
  /** When a read last failed, true time. */
  readFailedAt: number
  /** When it last said that the storage fails, true time. */
  saidFailedAt: number
  /** When a write last failed, or a write's answer was late, true time. */
  writeFailedAt: number
  /** When it last stood still, true time. */
  frozenAt: number
  /** For how long it has stood still so far, ms. */
  frozenFor: number
  /** The page's own monotonic clock. */
  elapsed(): number
  tell(event: LifecycleEvent): void
  readonly ports: {
    readonly store: Store<unknown>
    readonly lock: Lock
    readonly channel: Channel
    readonly lifecycle: Lifecycle
    readonly clock: Clock
    readonly crypto: Crypto
  }
}

/** A page that was just opened. */
export function openTab(history: History, slot: number, name: string): Tab {
  const { time, plan, dice, judge } = history
  const { noise } = plan
  const own = dice.fork(name)
  const drift = 1 + noise.drift * (2 * own.next() - 1)
  const offset = own.between(0, 1_000_000)
  const skew = Math.round(noise.skew * own.next())
  const late = own.fork('timers')
  const listeners = new Set<(event: LifecycleEvent) => void>()
  const tab: Tab = {
    name,
    slot,
    held: [],
    frozen: false,
    gone: false,
    visible: true,
    online: true,
    readAt: -Infinity,
    readTook: 0,
    heardAt: -Infinity,
    readFailedAt: -Infinity,
    writeFailedAt: -Infinity,
    saidFailedAt: -Infinity,
    frozenAt: -Infinity,
    frozenFor: 0,
    signOuts: 0,
    disposedAt: -Infinity,
    knowsEnded: new Set<string>(),
    manager: undefined as never,
    elapsed: () => offset + time.awake * drift,
    tell(event) {
      if (event !== 'hidden' && event !== 'frozen') tab.heardAt = time.now
      for (const listener of [...listeners]) listener(event)
    },
    ports: {
      clock: {
        now: () => EPOCH + Math.floor(time.now) + history.wallOffset + skew,
        elapsed: () => tab.elapsed(),
        at(at, run) {
          const wait = Math.max(0, (at - tab.elapsed()) / drift) + noise.timersLate * late.next()
          // Rounding must not let it fire before its time.
          const pending = time.inTab(tab, wait + 1e-6, run)
          judge.alarm(tab, time.now + wait)
          return () => {
            pending.run = undefined
          }
        },
      },
      crypto: cryptoFrom(own.fork('crypto')),
      lifecycle: {
        isOnline: () => tab.online,
        isVisible: () => tab.visible,
        subscribe(listener) {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      },
      store: storeOf(history, () => tab, own.fork('store')),
      lock: history.locks.of(() => tab, own.fork('lock')),
      channel: history.channel.of(() => tab, own.fork('channel')),
    },
  }
  return tab
}

/** Deterministic; no secret is safe with it. */
function cryptoFrom(dice: Random): Crypto {
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(dice.next() * 256)),
    async sha256(data) {
      const hash = new Uint8Array(32)
      for (const [index, byte] of data.entries()) hash[index % 32] = ((hash[index % 32] ?? 0) * 31 + byte + index) & 255
      return hash
    },
  }
}

/** What the storage takes when nothing is wrong, ms: little, and enough to tell before from after. */
const CALM_DELAY = 1

/** The shared storage, as one tab reaches it. */
function storeOf(history: History, tabOf: () => Tab, dice: Random): Store<unknown> {
  const { time, storage, judge, plan } = history
  const { storeDelay, storeFails } = plan.noise
  const watchDice = dice.fork('watch')
  const isOver = (name: string) => history.tabs.some((other) => other.name === name && other.gone)

  return {
    get processes() {
      return plan.processes ? { own: tabOf().name, isOver } : undefined
    },
    get watch() {
      return plan.watched ? watch : undefined
    },
    get(key) {
      const began = time.now
      return operation(
        'reads',
        () => storage.get(key),
        (row) => judge.read(tabOf(), key, row?.value, began),
      )
    },
    swap(key, tag, value) {
      return operation('writes', () => {
        const before = storage.get(key)
        if (before?.tag !== tag) return false
        storage.set(key, value)
        judge.written(tabOf(), key, before?.value, value)
        return true
      })
    },
  }

  /** Loses, delays and repeats what it tells as the channel does. */
  function watch(key: string, tag: string | undefined, changed: () => void): () => void {
    const { channelDelay, channelLoses, channelRepeats } = plan.noise
    const tell = () => {
      const tab = tabOf()
      if (tab.gone || watchDice.chance(channelLoses)) return
      const times = watchDice.chance(channelRepeats) ? 2 : 1
      for (let left = times; left > 0; left--) time.inTab(tab, channelDelay * watchDice.next(), changed)
      history.count('change told')
    }
    if (storage.get(key)?.tag !== tag) tell()
    return storage.watch(key, tell)
  }

  function operation<T>(kind: 'reads' | 'writes', apply: () => T, seen?: (result: T) => void): Promise<T> {
    const tab = tabOf()
    const fails = !history.calm && dice.chance(storeFails)
    const applied = dice.chance(0.5)
    const delay = () => (history.calm ? CALM_DELAY : storeDelay) * dice.next()
    return new Promise((resolve, reject) => {
      time.later(delay(), () => {
        // What a page had begun may still happen when it is gone.
        if (tab.gone && !applied) return
        const down = fails || history.storeFails(kind)
        const result = !down || (fails && applied && kind === 'writes') ? apply() : undefined
        time.inTab(tab, delay(), () => {
          if (!down) {
            seen?.(result as T)
            resolve(result as T)
            return
          }
          history.count(`store ${kind} fail`)
          history.note?.(tab, `the store refuses (${kind})`)
          if (kind === 'reads') tab.readFailedAt = time.now
          else tab.writeFailedAt = time.now
          reject(new Error('storage refuses'))
        })
      })
    })
  }
}

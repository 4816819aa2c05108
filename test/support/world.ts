import { createHash } from 'node:crypto'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import {
  createTokenManager,
  type TokenManager,
  type TokenManagerEventType,
  type TokenManagerOptions,
} from '../../src/index.ts'
import type { Channel, Clock, Crypto, Fetch, Lock, Store } from '../../src/ports.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { type ChannelHub, channelHub } from './channel-hub.ts'
import { type FaultyStore, faultyStore } from './faulty-store.ts'
import { lockManager } from './lock-manager.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { type ManualLifecycle, manualLifecycle } from './manual-lifecycle.ts'
import { type SimulatedServer, simulatedServer } from './simulated-server.ts'

/** One tab: a manager on its own ports, and everything it told. */
export interface Context {
  readonly manager: TokenManager
  readonly store: FaultyStore<unknown>
  readonly lifecycle: ManualLifecycle
  readonly events: { readonly type: TokenManagerEventType; readonly [detail: string]: unknown }[]
  /** The types of its events, in order. */
  readonly told: readonly TokenManagerEventType[]
  /** The tab is gone from now on: what it sent arrives, what it would hear or write does not. */
  crash(): void
  /** The tab's process stands still until `thaw()`: it keeps its locks. */
  freeze(): void
  thaw(): void
}

/** Several contexts on one storage, one clock and one authorization server. */
export interface World {
  readonly clock: ManualClock
  readonly hub: ChannelHub
  readonly server: SimulatedServer
  /** The record of the session, as it lies in the storage. */
  record(): Promise<SessionRecord | undefined>
  /** Writes the record behind everybody's back; `undefined` loses it. */
  write(change: (record: SessionRecord | undefined) => unknown): Promise<void>
  /** Another context. */
  context(options?: Partial<TokenManagerOptions>): Context
  /** Another context that has read the record. */
  opened(options?: Partial<TokenManagerOptions>): Promise<Context>
  /** A context that is signed in with a fresh pair of tokens. */
  signedIn(options?: Partial<TokenManagerOptions>): Promise<Context>
  /** Lets promises settle without time going by. */
  settle(): Promise<void>
  /** Holds back the answers to token requests, which are processed all the same, until what it returns is called. */
  hold(): () => void
  /** What `promise` came to after `ms`; fails when it has not settled by then. */
  after<T>(ms: number, promise: Promise<T>): Promise<T>
}

/** Hashes in this turn, so that no time has to go by for it. */
const crypto: Crypto = {
  ...webCrypto,
  sha256: async (data) => new Uint8Array(createHash('sha256').update(data).digest()),
}

/** Every event there is. */
const eventTypes: TokenManagerEventType[] = [
  ...([
    'signed_in',
    'signed_out',
    'sign_in_failed',
    'refreshing',
    'refreshed',
    'adopted',
    'waited',
    'refresh_failed',
  ] as const),
  ...([
    'token_rejected',
    'step_up_required',
    'retry_impossible',
    'revoked',
    'revocation_failed',
    'store_failed',
  ] as const),
  ...([
    'storage_corrupt',
    'storage_lost',
    'user_changed',
    'clock_jumped',
    'clock_off',
    'dpop_not_bound',
    'degraded',
  ] as const),
]

/** How many reads in one moment no context needs: a loop that would never end fails instead. */
const BUSY = 2_000

/** How a world is made. */
export interface WorldOptions {
  /** `'shared'` (default) spans the store as Web Locks do, `'none'` grants at once, `'never'` is held by a frozen page. */
  readonly lock?: 'shared' | 'none' | 'never'
  /** What the server's secrets begin with. */
  readonly word?: string
  /** Whether pages are seen, and so refresh without being asked. Default false. */
  readonly visible?: boolean
}

export function world({ lock = 'shared', word, visible = false }: WorldOptions = {}): World {
  const clock = manualClock()
  const hub = channelHub()
  const server = simulatedServer(clock.now, word)
  const storage = memoryStore<unknown>()
  const locks = lockManager()
  const lockPort = (): Lock =>
    lock === 'shared'
      ? { spans: 'store', request: async (name, { signal }, run) => locks.request(name, { signal }, run) as never }
      : lock === 'none'
        ? { spans: 'process', request: async (_name, _options, run) => run() }
        : {
            spans: 'store',
            request: (_name, { signal }) => new Promise((_, no) => signal.addEventListener('abort', no)),
          }
  let key = ''
  let [reads, lastRead] = [0, 0]
  const noting: Store<unknown> = {
    async get(name) {
      if (!name.endsWith('.pending')) key = name
      reads = lastRead === clock.elapsed() ? reads + 1 : 0
      lastRead = clock.elapsed()
      if (reads > BUSY) throw new Error('reads again and again without time going by')
      return storage.get(name)
    },
    swap: storage.swap,
  }
  const made: World = {
    clock,
    hub,
    server,
    record: async () => (await storage.get(key))?.value as SessionRecord | undefined,
    async write(change) {
      const found = await storage.get(key)
      await storage.swap(key, found?.tag, change(found?.value as SessionRecord | undefined))
    },
    context(options = {}) {
      const life = mortal()
      const store = faultyStore(noting)
      const lifecycle = manualLifecycle()
      lifecycle.setVisible(visible)
      const ports = {
        store: life.store(store),
        channel: life.channel(hub.context()),
        fetch: life.fetch(server.fetch),
        lock: life.lock(lockPort()),
        clock: life.clock(clock),
        lifecycle,
        crypto,
      }
      const manager = createTokenManager(
        { issuer: server.issuer, clientId: 'spa', scope: 'notes', resources: ['https://api.example/'], ...options },
        ports,
      )
      const events: Context['events'] = []
      const told: TokenManagerEventType[] = []
      for (const type of eventTypes)
        manager.on(type, (event) => {
          events.push({ ...event })
          told.push(type)
        })
      return { manager, store, lifecycle, events, told, crash: life.crash, freeze: life.freeze, thaw: life.thaw }
    },
    async opened(options) {
      const context = made.context(options)
      await context.manager.ready()
      return context
    },
    async signedIn(options) {
      const context = made.context(options)
      const { accessToken, refreshToken } = server.issue()
      const expiresAt = clock.now() + Number(server.expiresIn) * 1000
      await context.manager.adopt({ accessToken, refreshToken, expiresAt })
      await clock.advance(0)
      return context
    },
    settle: () => clock.advance(0),
    hold() {
      let open = () => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      server.after = async (_, answer) => {
        await opened
        return answer
      }
      return open
    },
    async after(ms, promise) {
      let settled = false
      const done = () => (settled = true)
      promise.then(done, done)
      await clock.advance(ms)
      if (!settled) throw new Error(`not settled after ${ms} ms`)
      return promise
    },
  }
  return made
}

/** What becomes of a context's ports when it dies or stands still. */
function mortal() {
  let dead = false
  let frozen: Promise<void> | undefined
  let melt = () => {}
  const death = new AbortController()
  const never = new Promise<never>(() => {})
  const gone = new Promise<never>((_, no) => death.signal.addEventListener('abort', () => no(new Error('gone'))))
  gone.catch(() => {})
  /** `work`, unless the context is gone before or after. */
  const living = async <T>(work: () => Promise<T>): Promise<T> => {
    await frozen
    if (dead) return never
    try {
      return await work()
    } finally {
      await frozen
      if (dead) await never
    }
  }
  return {
    crash() {
      dead = true
      death.abort()
    },
    freeze() {
      frozen ??= new Promise((resolve) => (melt = resolve))
    },
    thaw() {
      frozen = undefined
      melt()
    },
    store: <V>(store: Store<V>): Store<V> => ({
      get: (key) => living(() => store.get(key)),
      swap: (key, tag, value, options) => living(() => store.swap(key, tag, value, options)),
    }),
    fetch:
      (fetch: Fetch): Fetch =>
      (input, init) =>
        living(() => fetch(input, init)),
    channel: (channel: Channel): Channel => ({
      post: (name, message) => void (!dead && channel.post(name, message)),
      subscribe: (name, listener) => channel.subscribe(name, (message) => void living(async () => listener(message))),
    }),
    clock: (clock: ManualClock): Clock => ({
      ...clock,
      at: (time, run) => clock.at(time, () => void living(async () => run())),
    }),
    lock: (lock: Lock): Lock => ({
      spans: lock.spans,
      request<T>(name: string, { signal }: { readonly signal: AbortSignal }, run: () => Promise<T>) {
        return living(() =>
          lock.request(name, { signal: AbortSignal.any([signal, death.signal]) }, () =>
            Promise.race([living(run), gone]),
          ),
        )
      },
    }),
  }
}

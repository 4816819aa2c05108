import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { createTokenManager, type TokenManager, type TokenManagerEventType, type TokenManagerOptions } from '../../src/index.ts'
import type { Lock } from '../../src/ports.ts'
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
}

/** Several contexts on one storage, one clock and one authorization server. */
export interface World {
  readonly clock: ManualClock
  readonly hub: ChannelHub
  readonly server: SimulatedServer
  /** Another context. */
  context(options?: Partial<TokenManagerOptions>): Context
  /** A context that is signed in with a fresh pair of tokens. */
  signedIn(options?: Partial<TokenManagerOptions>): Promise<Context>
  /** Lets promises settle without time going by. */
  settle(): Promise<void>
}

const types: TokenManagerEventType[] = [
  ...(['signed_in', 'signed_out', 'sign_in_failed', 'refreshing', 'refreshed', 'adopted', 'waited', 'refresh_failed'] as const),
  ...(['token_rejected', 'step_up_required', 'retry_impossible', 'revoked', 'revocation_failed', 'store_failed'] as const),
  ...(['storage_corrupt', 'storage_lost', 'user_changed', 'clock_jumped', 'degraded'] as const),
]

export function world({ lock = 'shared' }: { lock?: 'shared' | 'none' } = {}): World {
  const clock = manualClock()
  const hub = channelHub()
  const server = simulatedServer()
  const storage = memoryStore<unknown>()
  const locks = lockManager()
  const sharedLock: Lock = {
    spans: 'store',
    request: async (name, { signal }, run) => locks.request(name, { signal }, run) as never,
  }
  const noLock: Lock = { spans: 'process', request: async (_name, _options, run) => run() }
  const made: World = {
    clock,
    hub,
    server,
    context(options = {}) {
      const store = faultyStore(storage)
      const lifecycle = manualLifecycle()
      const manager = createTokenManager(
        { issuer: server.issuer, clientId: 'spa', scope: 'notes', resources: ['https://api.example/'], ...options },
        { store, lifecycle, clock, crypto: webCrypto, channel: hub.context(), fetch: server.fetch, lock: lock === 'shared' ? sharedLock : noLock },
      )
      const events: Context['events'] = []
      for (const type of types) manager.on(type, (event) => events.push({ ...event }))
      return { manager, store, lifecycle, events }
    },
    async signedIn(options) {
      const context = made.context(options)
      const { accessToken, refreshToken } = server.issue()
      const expiresAt = clock.now() + Number(server.expiresIn) * 1000
      await context.manager.adopt({ accessToken, refreshToken, expiresAt })
      return context
    },
    settle: () => clock.advance(0),
  }
  return made
}

import { memoryRows } from '../in-process/memory-store.ts'
import { noChannel } from '../in-process/no-channel.ts'
import { noLock } from '../in-process/no-lock.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import { webSealing } from '../in-process/web-sealing.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, Platform } from '../ports.ts'
import { broadcastChannel } from './broadcast-channel.ts'
import { indexedDbStore } from './indexed-db-store.ts'
import { pageLifecycle } from './page-lifecycle.ts'
import { persistentStore } from './persistent-store.ts'
import { redirect } from './redirect.ts'
import type { RefreshWorker } from './refresh-worker.ts'
import { sessionStorageSlot } from './session-storage-slot.ts'
import { webLock } from './web-lock.ts'

/**
 * Where the session is kept. `'local'`: sealed in IndexedDB, shared by all tabs, until sign-out. `'session'`: sealed in
 * IndexedDB, for this tab and its reloads only. `'memory'`: in this page only, gone at the next load.
 */
export type Persistence = 'local' | 'session' | 'memory'

/** What the managers of one page share, and what a worker of the origin has as well. */
interface OriginPorts extends Pick<Platform, 'store' | 'lock' | 'channel' | 'fetch' | 'clock' | 'crypto'> {
  readonly onDegraded: NonNullable<Platform['onDegraded']>
  readonly report: (lacking: Degradation) => void
}

const realm = new Map<Persistence, OriginPorts>()

/**
 * The browser as a platform: a page, a worker, or an extension's service worker; `undefined` on a server, where a manager stays
 * `loading`. It opens, asks and listens to nothing before its parts are used, and never throws. Platforms of one page share the store of
 * their `persistence`.
 * @param options `userAgent`: default `redirect()` in a page; elsewhere there is none
 */
export function browserPlatform(
  options: Partial<TokenManagerOptions> & { persistence?: Persistence; refreshWorker?: RefreshWorker },
): Platform | undefined {
  const isPage = typeof document !== 'undefined'
  // Servers have neither; what some of them call a worker has no IndexedDB.
  if (!isPage && typeof indexedDB === 'undefined') return
  const { persistence = 'local', userAgent = isPage ? redirect() : undefined, refreshWorker } = options
  const shared = realm.get(persistence) ?? originPorts(persistence)
  realm.set(persistence, shared)
  return {
    ...shared,
    lifecycle: pageLifecycle,
    userAgent,
    origin: location.origin === 'null' ? undefined : location.origin,
    // Nobody else can reach a session of one tab.
    refreshElsewhere: persistence === 'local' ? refreshWorker?.start(options, shared.report) : undefined,
  }
}

/** New ports; what a worker has not, as `sessionStorage`, is reported at its first use. */
export function originPorts(persistence: Persistence): OriginPorts {
  const found = new Set<Degradation>()
  const listeners = new Set<(step: Degradation) => void>()
  const report = (step: Degradation) => {
    if (found.has(step)) return
    found.add(step)
    for (const listener of listeners) listener(step)
  }
  const onDegraded: OriginPorts['onDegraded'] = (listener) => {
    for (const step of found) listener(step)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const ports = {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
    clock: systemClock,
    crypto: webCrypto,
    onDegraded,
    report,
  }
  // No other tab can reach a session in memory: there is nobody to wait for or to tell.
  if (persistence === 'memory')
    return { ...ports, store: memoryRows(structuredClone), lock: noLock, channel: noChannel }
  const database = indexedDbStore()
  const store = persistence === 'session' ? sessionStorageSlot(database) : database
  return {
    ...ports,
    store: persistentStore(store, webSealing, report),
    lock: webLock(report),
    channel: broadcastChannel(report),
  }
}

import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, Platform } from '../ports.ts'
import { indexedDbStore } from './indexed-db-store.ts'
import { pageLifecycle } from './page-lifecycle.ts'
import { redirect } from './redirect.ts'
import type { RefreshWorker } from './refresh-worker.ts'
import { type StorePorts, sealedPorts } from './sealed-ports.ts'

/** Where the session is kept other than for all tabs: `inTab` or `inMemory`. */
export interface Persistence {
  /** For the manager. `report`: hears what the browser lacks. */
  ports(report: (lacking: Degradation) => void): StorePorts
}

/** What the managers of one page share, and what a worker of the origin has as well. */
interface OriginPorts extends StorePorts, Pick<Platform, 'fetch' | 'clock' | 'crypto'> {
  readonly onDegraded: NonNullable<Platform['onDegraded']>
  readonly report: (lacking: Degradation) => void
}

const realm = new Map<Persistence | undefined, OriginPorts>()

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
  const { persistence, userAgent = isPage ? redirect() : undefined, refreshWorker } = options
  const shared = realm.get(persistence) ?? originPorts(persistence)
  realm.set(persistence, shared)
  return {
    ...shared,
    lifecycle: pageLifecycle,
    userAgent,
    origin: location.origin === 'null' ? undefined : location.origin,
    // Nobody else can reach a session of one tab.
    refreshElsewhere: persistence ? undefined : refreshWorker?.start(options, shared.report),
  }
}

/** New ports; what a worker has not is reported at its first use. */
export function originPorts(persistence: Persistence = inAllTabs): OriginPorts {
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
  return {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
    clock: systemClock,
    crypto: webCrypto,
    onDegraded,
    report,
    ...persistence.ports(report),
  }
}

/** Sealed in IndexedDB, shared by all tabs, until sign-out. */
const inAllTabs: Persistence = { ports: (report) => sealedPorts(indexedDbStore(), report) }

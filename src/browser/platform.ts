import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, Platform } from '../ports.ts'
import { indexedDbStore } from './indexed-db-store.ts'
import { pageLifecycle } from './page-lifecycle.ts'
import { redirect } from './redirect.ts'
import type { RefreshWorker } from './refresh-worker.ts'
import { type StorePorts, sealedPorts } from './sealed-ports.ts'

/** A place for the session other than the default one: `inTab` or `inMemory`. */
export interface Persistence {
  /** Called by the manager. `report` is called with what the browser lacks. */
  ports(report: (lacking: Degradation) => void): StorePorts
}

/** The ports that all managers of a page share. A worker of the origin has the same ones. */
interface OriginPorts extends StorePorts, Pick<Platform, 'fetch' | 'clock' | 'crypto'> {
  readonly onDegraded: NonNullable<Platform['onDegraded']>
  readonly report: (lacking: Degradation) => void
}

const realm = new Map<Persistence | undefined, OriginPorts>()

/**
 * The platform of a page, a worker, or an extension's service worker. `undefined` on a server, where a manager stays `loading`. It does nothing before
 * its parts are used, and never throws. Platforms of one page with the same `persistence` share the store.
 * @param options `userAgent`: default `redirect()` in a page, and none elsewhere
 */
export function browserPlatform(
  options: Partial<TokenManagerOptions> & { persistence?: Persistence; refreshWorker?: RefreshWorker },
): Platform | undefined {
  const isPage = typeof document !== 'undefined'
  // A server has neither a document nor IndexedDB. Workers of servers have no IndexedDB either.
  if (!isPage && typeof indexedDB === 'undefined') return

  const { persistence, userAgent = isPage ? redirect() : undefined, refreshWorker } = options
  const shared = realm.get(persistence) ?? originPorts(persistence)
  realm.set(persistence, shared)

  return {
    ...shared,
    lifecycle: pageLifecycle,
    userAgent,
    origin: location.origin === 'null' ? undefined : location.origin,
    // A worker cannot reach a session that belongs to one tab.
    refreshElsewhere: persistence ? undefined : refreshWorker?.start(options, shared.report),
  }
}

/**
 * Makes the ports. If the browser lacks something, that is reported at its first use.
 * @param persistence default: the session is encrypted in IndexedDB, for all tabs, until sign-out
 */
export function originPorts(persistence?: Persistence): OriginPorts {
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
    ...(persistence?.ports(report) ?? sealedPorts(indexedDbStore(), report)),
  }
}

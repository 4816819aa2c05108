import { allowInsecureLoopback, type TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, RefreshElsewhere } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import { isMetadataSource, type MetadataSourceOptions } from '../protocol/authorization-server-metadata.ts'
import type { DpopOptions } from '../protocol/dpop.ts'

/** What a page asks of the worker. It carries no token; the worker reads the record for itself. Later versions only add members. */
export interface RefreshMessage {
  readonly version: 1
  /** Where to refresh. Options that cannot be cloned, such as an own `fetch`, keep the message from being sent. */
  readonly options: Partial<TokenManagerOptions>
  /** Symbols are not cloned. */
  readonly insecureLoopback: boolean | undefined
  /** Functions are not, either: the worker has its own `dpop()`. */
  readonly dpop: DpopOptions | undefined
  /** And its own `metadataFrom()`. */
  readonly metadataFrom: MetadataSourceOptions | undefined
  readonly from: Parameters<RefreshElsewhere>[0]
  readonly target: Target
}

/** What the types of a platform say of shared workers. */
interface SharedWorkerHost<Worker> {
  readonly SharedWorker: new (...args: never[]) => Worker
}

/** A `SharedWorker`; types without the DOM library have none. */
export type RefreshingSharedWorker = typeof globalThis extends SharedWorkerHost<infer Worker> ? Worker : object

/** What `refreshWorker()` returns, for the option `refreshWorker`. */
export interface RefreshWorker {
  /** For the manager. */
  start(options: Partial<TokenManagerOptions>, report: (lacking: Degradation) => void): RefreshElsewhere
}

/** How long the worker may take to answer, ms; it answers within one second once it runs. */
const PATIENCE = 3_000

/**
 * Lets a worker refresh for all tabs, so that a refresh goes on when its tab is closed.
 *
 * The page refreshes itself, and the event `degraded` says `worker_unavailable`, in these cases: there is no `SharedWorker`, the content
 * policy (`worker-src`) forbids it, it does not answer within 3 s, or an option cannot be cloned (a `store`, `fetch`, `lock`, `channel`,
 * `clock` or `crypto` of your own).
 * @param create returns the `SharedWorker` of `tokenward/browser/worker`. It is called when a refresh is due, and whenever there are new
 *   tokens, because a worker ends with the last page that is connected to it. With `extendedLifetime: true` in the worker's own options
 *   (if the browser knows it) a refresh even goes on when the last tab is closed
 */
export function refreshWorker(create: () => RefreshingSharedWorker): RefreshWorker {
  return { start: (options, report) => startWorker(create as () => SharedWorker, options, report) }
}

function startWorker(
  create: () => SharedWorker,
  options: Partial<TokenManagerOptions>,
  report: (lacking: Degradation) => void,
): RefreshElsewhere {
  const question = questionOf(options)
  // Held: in some browsers a page has left the worker once the object is gone.
  let worker: SharedWorker
  const ask = (from: RefreshMessage['from'], target: Target) =>
    new Promise<void>((resolve) => {
      let port: MessagePort | undefined
      const settle = (taken: unknown) => {
        clearTimeout(timer)
        port?.close()
        if (!taken) report('worker_unavailable')
        resolve()
      }
      const timer = setTimeout(settle, PATIENCE)
      try {
        // Anew each time: a worker can go with the tab that started it, and a port is not told.
        worker = create()
        worker.onerror = () => settle(false)
        port = worker.port
        port.onmessage = ({ data }) => settle(data)
        const message: RefreshMessage = { ...question, from, target }
        port.postMessage(message)
      } catch {
        settle(false)
      }
    })
  const join = () => {
    try {
      worker = create()
    } catch {}
  }
  return Object.assign(ask, { join })
}

/** What is the same in every message. */
function questionOf(options: Partial<TokenManagerOptions> & { refreshWorker?: unknown }) {
  const { refreshWorker: _, userAgent: _agent, lifecycle: _life, endSessionParams: _logout, ...rest } = options
  const { dpop, metadata, limits: _limits, pushedAuthorizationRequests: _push, ...cloned } = rest
  const source = isMetadataSource(metadata) ? metadata.options : undefined
  return {
    version: 1,
    options: metadata && !source ? { ...cloned, metadata } : cloned,
    insecureLoopback: options[allowInsecureLoopback],
    dpop: dpop?.options,
    metadataFrom: source,
  } as const
}

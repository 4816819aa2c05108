import { allowInsecureLoopback, type TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, RefreshElsewhere } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import { isMetadataSource, type MetadataSourceOptions } from '../protocol/authorization-server-metadata.ts'
import type { DpopOptions } from '../protocol/dpop.ts'

/** A page's request to the worker. It has no token: the worker reads the record itself. Later versions may only add members. */
export interface RefreshMessage {
  readonly version: 1
  /** The options of the manager. If one of them cannot be cloned, such as your own `fetch`, the message cannot be sent. */
  readonly options: Partial<TokenManagerOptions>
  /** The option with a symbol as name, which cannot be cloned. */
  readonly insecureLoopback: boolean | undefined
  /** The options of `dpop()`. Functions cannot be cloned, so the worker calls its own `dpop()`. */
  readonly dpop: DpopOptions | undefined
  /** The options of `metadataFrom()`. The worker calls its own. */
  readonly metadataFrom: MetadataSourceOptions | undefined
  readonly from: Parameters<RefreshElsewhere>[0]
  readonly target: Target
}

/** A global scope whose types know shared workers. */
interface SharedWorkerHost<Worker> {
  readonly SharedWorker: new (...args: never[]) => Worker
}

/** A `SharedWorker`. Without the DOM library in `tsconfig.json`, any object. */
export type RefreshingSharedWorker = typeof globalThis extends SharedWorkerHost<infer Worker> ? Worker : object

/** What `refreshWorker()` makes: the value of the option `refreshWorker`. */
export interface RefreshWorker {
  /** Called by the manager. */
  start(options: Partial<TokenManagerOptions>, report: (lacking: Degradation) => void): RefreshElsewhere
}

/** How long the worker may take to answer, in milliseconds. When it runs, it answers within one second. */
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
  // The object is kept. In some browsers, the page loses its connection to the worker when the object is collected.
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
        // Connects again each time. The worker may have ended with the tab that started it, and a port does not show that.
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

/** The members that are the same in every message. */
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

import { allowInsecureLoopback, type TokenManagerOptions } from '../manager/options.ts'
import type { Degradation, RefreshElsewhere } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
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
  readonly from: Parameters<RefreshElsewhere>[0]
  readonly target: Target
}

/** How long the worker may take to answer, ms; it answers within one second once it runs. */
const PATIENCE = 3_000

/**
 * Has the worker that `create` starts or joins refresh; one that is missing or silent is reported. A worker ends with the last page that
 * joined it, not with the one that asked.
 */
export function refreshWorker(
  create: () => SharedWorker,
  {
    refreshWorker: _,
    userAgent: _agent,
    lifecycle: _life,
    endSessionParams: _logout,
    dpop,
    ...options
  }: Partial<TokenManagerOptions> & { refreshWorker?: unknown },
  report: (lacking: Degradation) => void,
): RefreshElsewhere {
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
        const insecureLoopback = options[allowInsecureLoopback]
        const message = { version: 1, options, insecureLoopback, dpop: dpop?.options, from, target } as const
        port.postMessage(message satisfies RefreshMessage)
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

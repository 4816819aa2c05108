/**
 * The script of the `SharedWorker` that refreshes on the pages' behalf, so that a refresh outlives the page that began it. It exports
 * nothing and begins when a page connects to it as a worker; loaded anywhere else it does nothing.
 * @module
 */
import { alwaysOnline } from '../../in-process/always-online.ts'
import { originPorts } from '../platform.ts'
import { refreshForPages } from './refresh-for-pages.ts'

let answer: ((message: unknown) => Promise<boolean>) | undefined

globalThis.addEventListener?.('connect', (event) => {
  // Not before: what is only imported has no use for it.
  answer ??= refreshForPages({
    ...originPorts(),
    lifecycle: { ...alwaysOnline, isOnline: () => navigator.onLine },
  })
  for (const port of (event as MessageEvent).ports)
    port.onmessage = async ({ data }) => port.postMessage(await answer?.(data))
})

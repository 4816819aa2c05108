/**
 * The script of the `SharedWorker` that refreshes for the pages, so that a refresh goes on when its page is closed. It exports nothing. It begins when
 * a page connects to it as a worker. If it is loaded in another way, it does nothing.
 * @module
 */
import { alwaysOnline } from '../../in-process/always-online.ts'
import { originPorts } from '../platform.ts'
import { refreshForPages } from './refresh-for-pages.ts'

let answer: ((message: unknown) => Promise<boolean>) | undefined

globalThis.addEventListener?.('connect', (event) => {
  // Made at the first connection, and not when the script is only imported.
  answer ??= refreshForPages({
    ...originPorts(),
    lifecycle: { ...alwaysOnline, isOnline: () => navigator.onLine },
  })
  for (const port of (event as MessageEvent).ports)
    port.onmessage = async ({ data }) => port.postMessage(await answer?.(data))
})

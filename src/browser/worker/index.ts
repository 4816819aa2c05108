/**
 * The script of the `SharedWorker` that refreshes on the pages' behalf, so that a refresh outlives the page that began it. It exports
 * nothing and begins when it is loaded as a worker; anywhere else it does nothing.
 * @module
 */
import { alwaysOnline } from '../../in-process/always-online.ts'
import { originPorts } from '../platform.ts'
import { refreshForPages } from './refresh-for-pages.ts'

const lifecycle = { ...alwaysOnline, isOnline: () => navigator.onLine }
const answer = refreshForPages({ ...originPorts('local'), lifecycle })

globalThis.addEventListener?.('connect', (event) => {
  const [port] = (event as MessageEvent).ports
  if (!port) return
  port.onmessage = async ({ data }) => port.postMessage(await answer(data))
})

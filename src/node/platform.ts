import { alwaysOnline } from '../in-process/always-online.ts'
import { memoryStore } from '../in-process/memory-store.ts'
import { noChannel } from '../in-process/no-channel.ts'
import { queueLock } from '../in-process/queue-lock.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import type { ManagerPlatform } from '../manager/create-token-manager.ts'
import { followRedirect } from '../requests/follow-redirect.ts'
import { settlingLock } from './settle.ts'

/**
 * Node as a platform, with a memory of its own. `fetch` is looked up at each call, and gets what it was given: a stream with
 * `duplex: 'half'`, undici's `dispatcher`.
 */
export function nodePlatform(): ManagerPlatform {
  return {
    store: memoryStore(),
    fetch: (input, init) => fetch(input, init),
    lock: settlingLock(queueLock()),
    channel: noChannel,
    lifecycle: alwaysOnline,
    clock: systemClock,
    crypto: webCrypto,
    followRedirect,
  }
}

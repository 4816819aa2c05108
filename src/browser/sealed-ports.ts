import { webSealing } from '../in-process/web-sealing.ts'
import type { Degradation, Platform, Store } from '../ports.ts'
import { broadcastChannel } from './broadcast-channel.ts'
import { persistentStore } from './persistent-store.ts'
import { webLock } from './web-lock.ts'

/** Where sessions are kept, and what coordinates those who reach them. */
export type StorePorts = Pick<Platform, 'store' | 'lock' | 'channel'>

/** Sessions sealed in `store`, which several contexts may reach. */
export function sealedPorts(store: Store<unknown>, report: (lacking: Degradation) => void): StorePorts {
  return {
    store: persistentStore(store, webSealing, report),
    lock: webLock(report),
    channel: broadcastChannel(report),
  }
}

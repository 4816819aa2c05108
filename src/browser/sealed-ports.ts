import { webSealing } from '../in-process/web-sealing.ts'
import type { Degradation, Platform, Store } from '../ports.ts'
import { broadcastChannel } from './broadcast-channel.ts'
import { persistentStore } from './persistent-store.ts'
import { webLock } from './web-lock.ts'

/** The store of the sessions, and the lock and the channel for the contexts that share it. */
export type StorePorts = Pick<Platform, 'store' | 'lock' | 'channel'>

/** The ports for sessions that are encrypted in `store`, which several contexts may share. */
export function sealedPorts(store: Store<unknown>, report: (lacking: Degradation) => void): StorePorts {
  return {
    store: persistentStore(store, webSealing, report),
    lock: webLock(report),
    channel: broadcastChannel(report),
  }
}

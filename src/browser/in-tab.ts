import { indexedDbStore } from './indexed-db-store.ts'
import type { Persistence } from './platform.ts'
import { sealedPorts } from './sealed-ports.ts'
import { sessionStorageSlot } from './session-storage-slot.ts'

/**
 * `persistence: inTab`: the session is sealed in IndexedDB, for this tab and its reloads only. What a closed tab leaves there is deleted when the
 * app is used in another tab seven days later or more. A revocation that still waits when the tab is closed is not sent.
 */
export const inTab: Persistence = {
  ports: (report) => sealedPorts(sessionStorageSlot(indexedDbStore()), report),
}

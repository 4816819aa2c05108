import { indexedDbStore } from './indexed-db-store.ts'
import type { Persistence } from './platform.ts'
import { sealedPorts } from './sealed-ports.ts'
import { sessionStorageSlot } from './session-storage-slot.ts'

/** `persistence: inTab`: the session is sealed in IndexedDB, for this tab and its reloads only. */
export const inTab: Persistence = {
  ports: (report) => sealedPorts(sessionStorageSlot(indexedDbStore()), report),
}

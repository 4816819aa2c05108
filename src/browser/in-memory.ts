import { memoryRows } from '../in-process/memory-store.ts'
import { noChannel } from '../in-process/no-channel.ts'
import { noLock } from '../in-process/no-lock.ts'
import type { Persistence } from './platform.ts'

/**
 * `persistence: inMemory`: the session is in this page only, and gone at the next load. No other tab can reach it. It needs `popup()`, or
 * `adopt()`: a sign-in by `redirect()` leaves the page, and nothing is left to complete it with.
 */
export const inMemory: Persistence = {
  ports: () => ({ store: memoryRows(structuredClone), lock: noLock, channel: noChannel }),
}

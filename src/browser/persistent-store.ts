import type { TokenManagerError } from '../errors.ts'
import { memoryRows } from '../in-process/memory-store.ts'
import type { Degradation, Sealing, Store } from '../ports.ts'
import { sealed, sealingKey } from '../sealing/sealed.ts'

/**
 * Makes a store whose values are encrypted in `store`. If the sealing key cannot be kept there, it is a store in memory, and `report` is called. This
 * is decided once, at the first use. If `store` does not answer in time then, or fails later, the methods reject; it never becomes an empty store.
 */
export function persistentStore(
  store: Store<unknown>,
  sealing: Sealing,
  report: (lacking: Degradation) => void,
): Store<unknown> {
  let chosen: Promise<Store<unknown>> | undefined

  const choose = async () => {
    try {
      // Undefined also in browsers that store a CryptoKey without an error, but give back an empty object.
      if (await sealingKey(store, sealing)) return sealed(store, { sealing })
      report('sealing_key_not_storable')
    } catch (error) {
      const { code, cause } = error as TokenManagerError
      const name = (cause as Error | undefined)?.name
      // A storage that did not answer in time may hold a session, and may answer the next time.
      if (name === 'TimeoutError') {
        chosen = undefined
        throw error
      }

      const isTheKey = name === 'DataCloneError' || code === 'ERR_UNSUPPORTED'
      report(isTheKey ? 'sealing_key_not_storable' : 'store_unavailable')
    }
    return memoryRows(structuredClone)
  }
  const use = () => (chosen ??= choose())

  return {
    get: async (key) => (await use()).get(key),
    swap: async (...change) => (await use()).swap(...change),
  }
}

import { TokenManagerError } from '../errors.ts'
import { memoryRows } from '../in-process/memory-store.ts'
import type { Degradation, Sealing, Store } from '../ports.ts'
import { sealed, sealingKey } from '../sealing/sealed.ts'

/**
 * `store`, sealed, if at the first use the sealing key is in it or can be kept there; otherwise memory, and `report` hears why.
 * It is decided once: a store that fails later rejects, and never turns into an empty one.
 */
export function persistentStore(
  store: Store<unknown>,
  sealing: Sealing,
  report: (lacking: Degradation) => void,
): Store<unknown> {
  let chosen: Promise<Store<unknown>> | undefined
  const choose = async () => {
    try {
      // Some browsers store a CryptoKey without complaint, and give back an empty object.
      if (await sealingKey(store, sealing)) return sealed(store, { sealing })
      report('sealing_key_not_storable')
    } catch (error) {
      const isTheKey = error instanceof TokenManagerError && isAboutKey(error)
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

/** Whether it is the key that is refused, and not the storage. */
function isAboutKey({ code, cause }: TokenManagerError): boolean {
  const isNotCloned = (cause as Error | undefined)?.name === 'DataCloneError'
  return code === 'ERR_UNSUPPORTED' || isNotCloned
}

import { memoryStore } from '../in-process/memory-store.ts'
import type { Crypto, Degradation, Store } from '../ports.ts'
import { sealed } from '../sealing/sealed.ts'

const probeKey = 'probe'

/**
 * `store`, sealed, if it turns out at the first use that it keeps what is written, a `CryptoKey` too; otherwise memory, and
 * `report` hears why. It is decided once: a store that fails later rejects, and never turns into an empty one.
 */
export function persistentStore(
  store: Store<unknown>,
  crypto: Crypto,
  report: (lacking: Degradation) => void,
): Store<unknown> {
  let chosen: Promise<Store<unknown>> | undefined
  const choose = async () => {
    const lacking = await whatLacks(store, crypto)
    if (!lacking) return sealed(store, { crypto })
    report(lacking)
    return memoryStore()
  }
  const use = () => (chosen ??= choose())
  return {
    get: async (key) => (await use()).get(key),
    swap: async (...change) => (await use()).swap(...change),
  }
}

async function whatLacks(store: Store<unknown>, crypto: Crypto): Promise<Degradation | undefined> {
  const key = await crypto.generateSealingKey().catch(() => undefined)
  if (!key) return 'sealing_key_not_storable'
  try {
    const before = await store.get(probeKey)
    await store.swap(probeKey, before?.tag, key, { durability: 'relaxed' })
    const after = await store.get(probeKey)
    if (!after) return // Another tab was probing too, and has cleared it away.
    await store.swap(probeKey, after.tag, undefined, { durability: 'relaxed' })
    // Some browsers store a CryptoKey without complaint, and give back an empty object.
    return (after.value as CryptoKey | null)?.type === 'secret' ? undefined : 'sealing_key_not_storable'
  } catch (error) {
    const { cause } = Object(error) as { cause?: { name?: unknown } }
    return cause?.name === 'DataCloneError' ? 'sealing_key_not_storable' : 'store_unavailable'
  }
}

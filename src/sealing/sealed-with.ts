import { TokenManagerError } from '../errors.ts'
import type { CryptoKey, Sealing, Store } from '../ports.ts'
import { openWith, sealWith } from './sealed.ts'

/**
 * Makes a store whose values are encrypted in `store`, with keys that are kept elsewhere. The first key encrypts; each of them decrypts. Values have to be
 * JSON of at most 1 MiB. If no key decrypts a value, `get` rejects, so that a process with a wrong key destroys nothing.
 * @param options `keys`: called at each use
 */
export function sealedWith(
  store: Store<unknown>,
  { sealing, keys }: { readonly sealing: Sealing; readonly keys: () => Promise<readonly CryptoKey[]> },
): Store<unknown> {
  return {
    async get(name) {
      const row = await store.get(name)
      if (!row) return

      for (const key of await keys()) {
        const value = await openWith(sealing, key, name, row.value)
        if (value !== undefined) return { value, tag: row.tag }
      }

      throw new TokenManagerError(
        'ERR_STORE_FAILED',
        'store_failed',
        'What is stored cannot be opened with the key given: it was sealed with another one, or changed',
      )
    },
    async swap(name, tag, value, options) {
      if (value === undefined) return store.swap(name, tag, value, options)

      const [key] = await keys()
      return store.swap(name, tag, await sealWith(sealing, key, name, value), options)
    },
  }
}

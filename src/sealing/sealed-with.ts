import { TokenManagerError } from '../errors.ts'
import type { CryptoKey, Sealing, Store } from '../ports.ts'
import { openWith, sealWith } from './sealed.ts'

/**
 * `store`, sealed with keys that are kept somewhere else: the first one seals, all of them open. Values must survive JSON and stay
 * below 1 MiB. A value that none of the keys opens makes `get` reject, so that a process that was given a wrong key destroys
 * nothing.
 * @param options `keys`: asked at each use
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

import { TokenManagerError } from '../errors.ts'
import type { CryptoKey } from '../ports.ts'

/** 32 random bytes, or an AES-256-GCM `CryptoKey` for `encrypt` and `decrypt`. */
export type SealingKey = Uint8Array | CryptoKey

/** The keys of a store. The first one encrypts, and each of them decrypts, so that processes can change to a new key one after the other. */
export type SealingKeySource =
  | SealingKey
  | readonly SealingKey[]
  | (() => Promise<SealingKey | readonly SealingKey[]> | SealingKey | readonly SealingKey[])

/**
 * Makes a function that gives the keys of `source`. They are fetched at the first use, and again only after a failure.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `source` has something that is no key. What a function returns is checked when it is called
 */
export function sealingKeys(source: SealingKeySource): () => Promise<readonly CryptoKey[]> {
  if (typeof source !== 'function') checked(source)

  let keys: Promise<readonly CryptoKey[]> | undefined
  const load = async () =>
    Promise.all(checked(typeof source === 'function' ? await source() : source).map((key) => imported(key)))

  return () => {
    keys ??= load().catch((error) => {
      keys = undefined
      throw error
    })
    return keys
  }
}

function checked(given: SealingKey | readonly SealingKey[]): readonly SealingKey[] {
  const keys = (Array.isArray(given) ? given : [given]) as readonly SealingKey[]
  const fits = (key: SealingKey) => (key instanceof Uint8Array ? key.length === 32 : key?.type === 'secret')
  if (keys.length > 0 && keys.every(fits)) return keys

  throw new TokenManagerError(
    'ERR_INVALID_OPTION',
    'invalid_option',
    'Option key has to be 32 bytes, a CryptoKey, a list of those, or a function that returns one',
  )
}

async function imported(key: SealingKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key
  return crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt', 'decrypt'])
}

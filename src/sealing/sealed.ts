import { TokenManagerError } from '../errors.ts'
import type { Crypto, Sealed, Store, Stored } from '../ports.ts'

const maxBytes = 2 ** 20
const utf8 = new TextEncoder()

/**
 * Encrypts every value of `store` (AES-256-GCM, a fresh IV at each write) before it is stored; tags pass through. The sealing
 * key lies in the same store, created at the first write. It keeps tokens out of backups and casual reads; it stops neither
 * script of the same origin nor someone who copies the whole profile.
 *
 * Values must survive JSON and stay below 1 MiB. A value that cannot be opened is read as `{ value: undefined, tag }`: there
 * is something, and a `swap` on its tag replaces it.
 * @param options `keyName`: where the sealing key lies in `store`; default `'sealing-key'`. Values cannot use that name.
 */
export function sealed(store: Store<unknown>, options: { crypto: Crypto; keyName?: string }): Store<unknown> {
  const { crypto, keyName = 'sealing-key' } = options
  let known: CryptoKey | undefined

  const storedKey = async (): Promise<CryptoKey | undefined> => {
    known = keyIn(await store.get(keyName))
    return known
  }

  const keyForWriting = async (): Promise<CryptoKey> => {
    for (let round = 0; round < 5; round++) {
      const row = await store.get(keyName)
      known = keyIn(row)
      if (known) return known
      // Of two contexts that start at once one loses this swap, and reads the winner's key in the next round.
      await store.swap(keyName, row?.tag, await crypto.generateSealingKey())
    }
    throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The storage does not keep the sealing key')
  }

  const open = async (key: CryptoKey | undefined, name: string, value: Sealed): Promise<unknown> => {
    if (!key) return
    try {
      return JSON.parse(new TextDecoder().decode(await crypto.open(key, value, aadOf(name))))
    } catch {
      return
    }
  }

  return {
    async get(name) {
      const row = await store.get(name)
      if (!row) return
      const { value, tag } = row
      if (!isSealed(value)) return { value: undefined, tag }
      // The second try: another context cleared the storage and began again with another key.
      return { value: (await open(known, name, value)) ?? (await open(await storedKey(), name, value)), tag }
    },
    async swap(name, tag, value, swapOptions) {
      if (value === undefined) return store.swap(name, tag, undefined, swapOptions)
      // An absent record may mean that the storage was cleared, and the key with it.
      const key = (tag && known) || (await keyForWriting())
      const plaintext = utf8.encode(JSON.stringify(value))
      if (plaintext.length > maxBytes) {
        throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The value to store is larger than 1 MiB')
      }
      return store.swap(name, tag, await crypto.seal(key, plaintext, aadOf(name)), swapOptions)
    },
  }
}

function aadOf(name: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(`tokenward/1/${name}`)
}

function keyIn(row: Stored<unknown> | undefined): CryptoKey | undefined {
  const key = row?.value as CryptoKey | null | undefined
  return key?.type === 'secret' ? key : undefined
}

function isSealed(value: unknown): value is Sealed {
  const { iv, data } = Object(value) as Partial<Sealed>
  return ArrayBuffer.isView(iv) && ArrayBuffer.isView(data) && data.byteLength <= maxBytes + 16
}

import { TokenManagerError } from '../errors.ts'
import type { Bytes, CryptoKey, Sealed, Sealing, Store } from '../ports.ts'

const maxBytes = 2 ** 20
const utf8 = new TextEncoder()

/**
 * Encrypts every value of `store` (AES-256-GCM, a fresh IV at each write) before it is stored; tags pass through. The sealing
 * key lies in the same store, created at the first write. It keeps tokens out of backups and casual reads; it stops neither
 * script of the same origin nor someone who copies the whole profile.
 *
 * Values must survive JSON, but for `CryptoKey`s, which lie beside the ciphertext as they are: handles, not bytes. They must stay
 * below 1 MiB. A value that cannot be opened is read as `{ value: undefined, tag }`: there
 * is something, and a `swap` on its tag replaces it.
 * @param options `keyName`: where the sealing key lies in `store`; default `'sealing-key'`. Values cannot use that name.
 */
export function sealed(store: Store<unknown>, options: { sealing: Sealing; keyName?: string }): Store<unknown> {
  const { sealing, keyName } = options
  let key: CryptoKey | undefined

  return {
    textOnly: store.textOnly,
    async get(name) {
      const row = await store.get(name)
      if (!row) return
      let value = await openWith(sealing, key, name, row.value)
      if (value === undefined) {
        // Perhaps another context cleared the storage and began again with another key.
        key = await sealingKey(store, sealing, keyName)
        value = await openWith(sealing, key, name, row.value)
      }
      return { value, tag: row.tag }
    },
    async swap(name, tag, value, swapOptions) {
      if (value === undefined) return store.swap(name, tag, value, swapOptions)
      // An absent record may mean that the storage was cleared, and the key with it.
      if (!tag || !key) key = await sealingKey(store, sealing, keyName)
      return store.swap(name, tag, await sealWith(sealing, key, name, value), swapOptions)
    },
  }
}

/** The key that lies in `store`, made where there is none; `undefined` if the store does not keep it. */
export async function sealingKey(
  store: Store<unknown>,
  sealing: Sealing,
  name = 'sealing-key',
): Promise<CryptoKey | undefined> {
  for (let round = 0; round < 5; round++) {
    const row = await store.get(name)
    const key = row?.value as CryptoKey | null | undefined
    if (key?.type === 'secret') return key
    // Of two contexts that start at once one loses this swap, and reads the winner's key in the next round.
    await store.swap(name, row?.tag, await sealing.generateKey())
  }
  return undefined
}

/** Begins the text that stands for a handle, before its place in `keys`. A text of the value that begins so gets another one before it. */
const MARK = '\0'

const isMarked = (value: unknown) => typeof value === 'string' && value[0] === MARK
const isHandle = (value: unknown) => Object.prototype.toString.call(value) === '[object CryptoKey]'

/** `value` as it is stored under `name`. */
export async function sealWith(
  sealing: Sealing,
  key: CryptoKey | undefined,
  name: string,
  value: unknown,
): Promise<Sealed> {
  const keys: unknown[] = []
  const text = JSON.stringify(value, (_, inner) => {
    if (isHandle(inner)) return `${MARK}${keys.push(inner) - 1}`
    return isMarked(inner) ? MARK + inner : inner
  })
  const plaintext = utf8.encode(text)
  if (!key || plaintext.length > maxBytes)
    throw new TokenManagerError(
      'ERR_STORE_FAILED',
      'store_failed',
      key ? 'The value is larger than 1 MiB' : 'No sealing key is kept',
    )
  const sealed = await sealing.seal(key, plaintext, aadOf(name))
  return keys.length ? { ...sealed, keys } : sealed
}

/** What was sealed as the value of `name`; `undefined` for anything else. */
export async function openWith(
  sealing: Sealing,
  key: CryptoKey | undefined,
  name: string,
  value: unknown,
): Promise<unknown> {
  const sealed = Object(value) as Sealed
  if (!key || !(sealed.data?.byteLength <= maxBytes + 16)) return
  try {
    const text = new TextDecoder().decode(await sealing.open(key, sealed, aadOf(name)))
    return JSON.parse(text, (_, inner) => {
      if (!isMarked(inner)) return inner
      const rest = inner.slice(1)
      return isMarked(rest) ? rest : sealed.keys?.[rest]
    })
  } catch {
    return
  }
}

function aadOf(name: string): Bytes {
  return utf8.encode(`tokenward/1/${name}`)
}

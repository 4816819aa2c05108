import { TokenManagerError } from '../errors.ts'
import type { Bytes, CryptoKey, Sealed, Sealing, Store } from '../ports.ts'

const maxBytes = 2 ** 20
const utf8 = new TextEncoder()

/**
 * Makes a store whose values are encrypted in `store` (AES-256-GCM, with a new IV at each write). Tags are not changed. The key is in the same store. It
 * is made at the first write. This keeps tokens out of backups and from a quick look. It does not protect against scripts of the same origin, or
 * against somebody who copies the whole browser profile.
 *
 * Values have to be JSON of at most 1 MiB, but may contain `CryptoKey`s. These are stored as handles beside the encrypted text. A value that cannot
 * be decrypted is read as `{ value: undefined, tag }`, and a `swap` with this tag replaces it.
 * @param options `keyName`: the name of the key in `store`, which no value can have; default `'sealing-key'`
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
        // Another context may have cleared the storage and made a new key.
        key = await sealingKey(store, sealing, keyName)
        value = await openWith(sealing, key, name, row.value)
      }

      return { value, tag: row.tag }
    },
    async swap(name, tag, value, swapOptions) {
      if (value === undefined) return store.swap(name, tag, value, swapOptions)

      // If there is no record, the storage may have been cleared, and the key with it.
      if (!tag || !key) key = await sealingKey(store, sealing, keyName)
      return store.swap(name, tag, await sealWith(sealing, key, name, value), swapOptions)
    },
  }
}

/** The key in `store`. If there is none, it is made. `undefined` if the store does not keep it. */
export async function sealingKey(
  store: Store<unknown>,
  sealing: Sealing,
  name = 'sealing-key',
): Promise<CryptoKey | undefined> {
  for (let round = 0; round < 5; round++) {
    const row = await store.get(name)
    const key = row?.value as CryptoKey | null | undefined
    if (key?.type === 'secret') return key

    // If two contexts do this at the same time, one write fails. That context reads the other one's key in the next round.
    await store.swap(name, row?.tag, await sealing.generateKey())
  }

  return undefined
}

/**
 * The first character of a text that stands for a key; the key's index in `keys` follows. If a text in the value itself begins with this character, the
 * character is doubled.
 */
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

/** The value that was encrypted for `name`. `undefined` if it cannot be decrypted. */
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

import { TokenManagerError } from '../errors.ts'
import { queueLock } from '../in-process/queue-lock.ts'
import type { Lock, Store, Stored } from '../ports.ts'
import type { SecureItems } from './secure-items.ts'
import { readSlot, removeParts, removeSlot, type Slot, writeSlot } from './slot.ts'

/** A storage that the phone removes together with the app, such as AsyncStorage. It shows whether the app was installed anew. */
export interface InstallMarker {
  /** Reads the value of `key`. `null` if there is none. */
  getItem(key: string): Promise<string | null>
  /** Writes the value of `key`. */
  setItem(key: string, value: string): Promise<unknown>
}

/** Options of {@link secureStore}. */
export interface SecureStoreOptions {
  /**
   * A storage that is removed together with the app, such as AsyncStorage. An iPhone does not remove the keychain with the app. Without a
   * marker, a person who installs the app again finds the session that was there before. Default: none.
   */
  readonly marker?: InstallMarker
  /**
   * What happens to items of an earlier installation. `'forget'`: they are removed. `'keep'`: they are used. It has an effect only with
   * `marker`. Default `'forget'`.
   */
  readonly afterReinstall?: 'forget' | 'keep'
  /** The longest text of one item, in characters. Some keychains refuse more than 2 048 bytes. Default 1 900, 200 to 100 000. */
  readonly partSize?: number
}

const MARKER = 'tokenward.install'

const turnsOf = new WeakMap<object, Lock>()

/** The lock of a keychain. It keeps the steps of one read or write together, even if several stores use the same keychain. */
function turnsOn({ keychain }: { readonly keychain: object }): Lock {
  const turns = turnsOf.get(keychain) ?? queueLock()
  turnsOf.set(keychain, turns)
  return turns
}

/**
 * Makes a store in the keychain of a phone. Only one process may use it. Values have to be JSON.
 *
 * Each value has two slots, with a number and a checksum. A write goes to the slot that is not in use. Its parts come first, its head last, and it
 * is read back before it counts. So if the app is killed at any step, the whole old value or the whole new value is there.
 * @param items the keychain: {@link expoItems}, {@link keychainItems}, or your own
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `partSize` or `afterReinstall` is not allowed. The methods of the store reject with
 *   `ERR_STORE_FAILED`; the reason is `storage_locked` until the device was unlocked
 */
export function secureStore(
  items: SecureItems,
  { marker, afterReinstall = 'forget', partSize = 1_900 }: SecureStoreOptions = {},
): Store<unknown> {
  if (!(partSize >= 200 && partSize <= 100_000)) throw invalid('partSize has to be 200 to 100000 characters')
  if (afterReinstall !== 'forget' && afterReinstall !== 'keep')
    throw invalid("afterReinstall has to be 'forget' or 'keep'")

  const turns = turnsOn({ keychain: items.keychain ?? items })

  return {
    textOnly: true,
    get(name) {
      const key = itemName(name)
      return turns.request(key, { signal: new AbortController().signal }, async () => {
        const slot = await presentSlot(key)
        return slot && storedIn(slot)
      })
    },
    swap(name, tag, value) {
      const key = itemName(name)
      return turns.request(key, { signal: new AbortController().signal }, () => swapped(key, tag, value))
    },
  }

  async function swapped(key: string, tag: string | undefined, value: unknown): Promise<boolean> {
    const present = await presentSlot(key)
    const stored = present && storedIn(present)
    if (stored?.tag !== tag) return false
    if (!stored && value === undefined) return true

    const letter = present?.letter === 'a' ? 'b' : 'a'
    const stale = await readSlot(items, key, letter)
    if (stale) await removeSlot(items, key, stale)
    else await removeParts(items, key, letter)

    const next = {
      letter,
      seq: (present?.seq ?? 0) + 1,
      tag: randomTag(),
      parts: 0,
      install: await install(),
      text: value === undefined ? '' : asciiJson(value),
    } as const
    await writeSlot(items, key, next, partSize)
    await assertKept(key, next)

    // The old tokens must not stay in the keychain. If the app is killed here, the next write removes them.
    if (present) await removeSlot(items, key, present).catch(() => {})
    return true
  }

  /** The slot that was written last. If only slots with an incomplete value are there, one of these. */
  async function presentSlot(key: string): Promise<Slot | undefined> {
    const read = [await readSlot(items, key, 'a'), await readSlot(items, key, 'b')]
    const found = read.filter((slot) => slot !== undefined).sort((one, other) => other.seq - one.seq)
    const slot = found.find(({ text }) => text !== undefined) ?? found[0]
    if (!slot || !(await isOfAnEarlierInstall(slot))) return slot

    for (const each of found) await removeSlot(items, key, each)
    return undefined
  }

  async function isOfAnEarlierInstall(slot: Slot): Promise<boolean> {
    const isForgetting = marker !== undefined && afterReinstall === 'forget'
    if (!isForgetting || slot.install === '-') return false

    // If the marker cannot be read, this rejects, and nothing is removed.
    return (await marker.getItem(MARKER)) !== slot.install
  }

  async function install(): Promise<string> {
    if (!marker) return '-'
    const known = await marker.getItem(MARKER)
    if (known !== null) return known

    const made = randomTag()
    await marker.setItem(MARKER, made)
    return made
  }

  /** Reads a slot back. Some keychains report success although they have written nothing. */
  async function assertKept(key: string, { letter, tag, text }: Slot): Promise<void> {
    const kept = await readSlot(items, key, letter)
    if (kept?.tag === tag && kept.text === text) return

    throw new TokenManagerError(
      'ERR_STORE_FAILED',
      'store_failed',
      'The keychain said yes and did not keep what was written',
    )
  }
}

/** The value in a slot. If it is incomplete, there is a tag, and the value is `undefined`. */
function storedIn({ tag, text }: Slot): Stored<unknown> | undefined {
  if (text === '') return undefined

  return { tag, value: text === undefined ? undefined : JSON.parse(text) }
}

/** `value` as JSON in ASCII. It can be cut into parts at any place, and each of its characters is one byte. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `name` in characters that every keychain accepts. */
function itemName(name: string): string {
  const units = Array.from(name, (char) =>
    /[A-Za-z\d-]/.test(char) ? char : `_${(char.codePointAt(0) as number).toString(16)}_`,
  )
  return `tokenward.${units.join('')}`
}

// A tag only has to be different each time. It need not be secret, so Math.random() is good enough.
function randomTag(): string {
  return Array.from({ length: 3 }, () => Math.floor(Math.random() * 2 ** 45).toString(36)).join('')
}

function invalid(what: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', `secureStore(): ${what}`)
}

import { TokenManagerError } from '../errors.ts'
import { queueLock } from '../in-process/queue-lock.ts'
import type { Lock, Store, Stored } from '../ports.ts'
import type { SecureItems } from './secure-items.ts'
import { readSlot, removeSlot, type Slot, writeSlot } from './slot.ts'

/** Where an installation of the app is told from the next one: storage that goes with the app, as AsyncStorage does. */
export interface InstallMarker {
  /** Reads. */
  getItem(key: string): Promise<string | null>
  /** Writes. */
  setItem(key: string, value: string): Promise<unknown>
}

/** Options of {@link secureStore}. */
export interface SecureStoreOptions {
  /**
   * Storage that is removed with the app, such as AsyncStorage. The keychain of an iPhone is not: without a marker the next person who
   * installs the app finds the session of the one before. Default: none.
   */
  readonly marker?: InstallMarker
  /** What becomes of items that an earlier installation left. Default `'forget'`: they are removed. `'keep'`: they are used. Needs `marker`. */
  readonly afterReinstall?: 'forget' | 'keep'
  /** Characters an item holds at most. Default 1 900, 200 to 100 000: some keychains refuse more than 2 048 bytes. */
  readonly partSize?: number
}

const MARKER = 'tokenward.install'

const turnsOf = new WeakMap<object, Lock>()

/** The steps of one read or write follow each other, whatever other stores there are on the keychain. */
function turnsOn({ keychain }: { readonly keychain: object }): Lock {
  const turns = turnsOf.get(keychain) ?? queueLock()
  turnsOf.set(keychain, turns)
  return turns
}

/**
 * A store in the keychain of a phone. A value lies in one of two slots, each with a number and a checksum. A write goes to the slot that
 * is not in use, its head last, and is read back before it counts; so a process that is killed at any step leaves the old value or the
 * new one, whole. One process owns it. Values have to survive JSON.
 * @param items the keychain: {@link expoItems}, {@link keychainItems}, or your own
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a `partSize` or `afterReinstall` that cannot be; the store itself rejects with
 *   `ERR_STORE_FAILED` (`storage_locked` before the device was unlocked)
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

    // What is spent must not lie around. Killed here, it lies there until the next write.
    if (present) await removeSlot(items, key, present).catch(() => {})
    return true
  }

  /** The later of the whole slots, else one whose value is torn. */
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
    // A marker that cannot be read tells nothing: it rejects, and nothing is removed.
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

  /** Some keychains say yes and write nothing. */
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

/** What a slot says of its value. A torn one is there, and cannot be read. */
function storedIn({ tag, text }: Slot): Stored<unknown> | undefined {
  if (text === '') return undefined
  return { tag, value: text === undefined ? undefined : JSON.parse(text) }
}

/** `value` as JSON in ASCII: wherever it is cut, each part is a text of its own, and a character is a byte. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A name that every keychain takes. */
function itemName(name: string): string {
  const units = Array.from(name, (char) =>
    /[A-Za-z\d-]/.test(char) ? char : `_${(char.codePointAt(0) as number).toString(16)}_`,
  )
  return `tokenward.${units.join('')}`
}

// Only so that no tag comes twice: nobody is kept out by it.
function randomTag(): string {
  return Array.from({ length: 3 }, () => Math.floor(Math.random() * 2 ** 45).toString(36)).join('')
}

function invalid(what: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', `secureStore(): ${what}`)
}

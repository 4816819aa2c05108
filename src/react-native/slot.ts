import { type SecureItems, UNREADABLE } from './secure-items.ts'

/** One of the two places for a value. It has a head, which is written last, and parts for the text that does not fit into the head. */
export interface Slot {
  readonly letter: 'a' | 'b'
  /** The number of the write. The slot with the higher number was written later. */
  readonly seq: number
  readonly tag: string
  /** How many parts follow the head. */
  readonly parts: number
  /** The installation of the app that wrote it. `-` if that is not known. */
  readonly install: string
  /** The value. `undefined` if a part is missing or belongs to another write. */
  readonly text: string | undefined
}

const HEAD = /^1 (\d+) ([\w.-]+) (\d+) ([\da-z]+) ([\w.-]+)\n/

/** Reads the slot `letter` of `key`. `undefined` if there is no head. */
export async function readSlot(items: SecureItems, key: string, letter: 'a' | 'b'): Promise<Slot | undefined> {
  const head = await items.get(headOf(key, letter))
  if (head === UNREADABLE) return { letter, seq: 0, tag: 'unreadable', parts: 0, install: '-', text: undefined }

  const found = head === null ? null : HEAD.exec(head)
  if (!head || !found) return undefined

  const [line, seq, tag = '', parts, sum, install = '-'] = found
  let text = head.slice(line.length)
  for (let part = 1; part <= Number(parts); part++) text += (await items.get(partOf(key, letter, part))) ?? ''

  const isWhole = checksum(text) === sum
  return { letter, seq: Number(seq), tag, parts: Number(parts), install, text: isWhole ? text : undefined }
}

/** Writes a slot: first its parts, then its head. The slot does not count before its head is written. */
export async function writeSlot(
  items: SecureItems,
  key: string,
  { letter, seq, tag, install, text }: Slot & { readonly text: string },
  partSize: number,
): Promise<void> {
  const parts: string[] = []
  for (let at = partSize; at < text.length; at += partSize) parts.push(text.slice(at, at + partSize))

  for (const [index, part] of parts.entries()) await items.set(partOf(key, letter, index + 1), part)

  const line = `1 ${seq} ${tag} ${parts.length} ${checksum(text)} ${install}\n`
  await items.set(headOf(key, letter), line + text.slice(0, partSize))
}

/** Removes a slot. The head is removed last, because it says which parts there are. */
export async function removeSlot(items: SecureItems, key: string, { letter, parts }: Slot): Promise<void> {
  await removeParts(items, key, letter, parts)
  await items.delete(headOf(key, letter))
}

/**
 * Removes the parts of a slot, also those that no head names: an app that was killed before it wrote the head leaves them, and they hold tokens.
 * They are removed from the last to the first, so that those that are left can be found one after the other.
 * @param known how many parts the head names
 */
export async function removeParts(items: SecureItems, key: string, letter: 'a' | 'b', known = 0): Promise<void> {
  let last = known
  while (typeof (await items.get(partOf(key, letter, last + 1))) === 'string') last++
  for (let part = last; part >= 1; part--) await items.delete(partOf(key, letter, part))
}

function headOf(key: string, letter: string): string {
  return `${key}.${letter}`
}

function partOf(key: string, letter: string, part: number): string {
  return `${key}.${letter}${part}`
}

/** FNV-1a with 32 bits. It shows whether a value is complete. */
function checksum(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(36)
}

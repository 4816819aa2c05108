/** Below it, the map itself lies in the processor's cache. */
const SMALL = 4_096
/** Bits for each key; of those, three are set. */
const BITS = 16
/** So many characters at each end of a key choose its bits. Keys that differ in their middle alone are told apart by the map. */
const END = 8

/**
 * A `Map` that is mostly asked for what is not in it, behind a Bloom filter. Among a million keys, one that is not there would cost
 * several reads of memory that no cache holds; the filter is two bytes a key and answers all but one in a hundred of them.
 */
export class FilteredMap<V> extends Map<string, V> {
  #filter: Uint32Array | undefined
  #room = SMALL

  override get(key: string): V | undefined {
    return this.#filter && !mayHold(this.#filter, key) ? undefined : super.get(key)
  }

  // What is deleted leaves its bits until the next rebuilding: a filter may say yes too often.
  override set(key: string, value: V): this {
    super.set(key, value)
    if (--this.#room < 0) this.#rebuild()
    else if (this.#filter) add(this.#filter, key)
    return this
  }

  #rebuild(): void {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(2 * this.size, 2 * SMALL)))
    this.#filter = new Uint32Array((capacity * BITS) / 32)
    this.#room = capacity - this.size
    for (const key of this.keys()) add(this.#filter, key)
  }
}

/** All bits of a key lie in one word: one read of memory. */
function add(filter: Uint32Array, key: string): void {
  const hash = hashed(key)
  const at = hash & (filter.length - 1)
  filter[at] = (filter[at] as number) | bitsOf(hash)
}

function mayHold(filter: Uint32Array, key: string): boolean {
  const hash = hashed(key)
  return (~(filter[hash & (filter.length - 1)] as number) & bitsOf(hash)) === 0
}

function bitsOf(hash: number): number {
  const more = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (1 << (more >>> 27)) | (1 << (more >>> 22)) | (1 << (more >>> 17))
}

/** FNV-1a of both ends of a key, with MurmurHash3's last steps. */
function hashed(key: string): number {
  const { length } = key
  const head = Math.min(END, length)
  let hash = 0x811c9dc5 ^ length
  for (let index = 0; index < head; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  for (let index = Math.max(head, length - END); index < length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** A map with fewer keys needs no filter: it fits into the processor's cache. */
const SMALL = 4_096
/** How many bits the filter has for each key. Three bits are set for a key. */
const BITS = 16
/**
 * How many characters at each end of a key are hashed. Keys that differ only in their middle have the same bits in the filter; the map still
 * tells them apart.
 */
const END = 8

/**
 * A `Map` with a Bloom filter, for look-ups that mostly find nothing. In a map with a million keys such a look-up would read main memory
 * several times. The filter needs two bytes for each key, and answers 99 of 100 of these look-ups alone.
 */
export class FilteredMap<V> extends Map<string, V> {
  #filter: Uint32Array | undefined
  #room = SMALL

  override get(key: string): V | undefined {
    return this.#filter && !mayHold(this.#filter, key) ? undefined : super.get(key)
  }

  // A deleted key keeps its bits until the filter is built anew. That does no harm: a filter may say "perhaps" too often.
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

/** Sets the bits of a key. They are all in one word, so that a look-up reads memory once. */
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

/** A hash of both ends of a key: FNV-1a, and then the last steps of MurmurHash3. */
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

/** A map that is mostly asked for what is not in it. */
export interface FilteredMap<V> extends Iterable<[string, V]> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  readonly size: number
}

/** Below it, the map itself lies in the processor's cache. */
const SMALL = 4_096
/** Bits for each key; of those, three are set. */
const BITS = 16
/** So many characters at each end of a key choose its bits. Keys that differ in their middle alone are told apart by the map. */
const END = 8

/**
 * A `Map` behind a Bloom filter. Among a million keys, one that is not there would cost several reads of memory that no cache holds;
 * the filter is two bytes a key and answers all but one in a hundred of them.
 */
export function filteredMap<V>(): FilteredMap<V> {
  const map = new Map<string, V>()
  let filter: Uint32Array | undefined
  let room = SMALL

  return {
    get: (key) => (filter && !mayHold(filter, key) ? undefined : map.get(key)),
    set(key, value) {
      map.set(key, value)
      if (--room < 0) rebuild()
      else if (filter) add(filter, key)
    },
    // Its bits stay until the next rebuilding: a filter may say yes too often.
    delete: (key) => void map.delete(key),
    get size() {
      return map.size
    },
    [Symbol.iterator]: () => map[Symbol.iterator](),
  }

  function rebuild(): void {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(2 * map.size, 2 * SMALL)))
    filter = new Uint32Array((capacity * BITS) / 32)
    room = capacity - map.size
    for (const key of map.keys()) add(filter, key)
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

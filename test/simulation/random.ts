/** A stream of numbers that one seed determines. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** An independent stream, the same for the same `names`. */
  fork(...names: readonly (string | number)[]): Random
}

/** The stream of `seed` (xorshift128 behind a 32-bit mixer). */
export function random(seed: number): Random {
  let [a, b, c, d] = [mix(seed), mix(seed + 1), mix(seed + 2), mix(seed + 3) | 1]
  const stream: Random = {
    next() {
      let t = a ^ (a << 11)
      ;[a, b, c] = [b, c, d]
      t ^= t >>> 8
      d = (d ^ (d >>> 19) ^ t) >>> 0
      return d / 4_294_967_296
    },
    between: (low, high) => low + Math.floor(stream.next() * (high - low + 1)),
    chance: (probability) => probability > 0 && stream.next() < probability,
    pick: (list) => list[Math.floor(stream.next() * list.length)] as (typeof list)[number],
    fork: (...names) => random(names.reduce<number>((hash, name) => mix(hash ^ hashOf(`${name}`)), seed)),
  }
  return stream
}

function mix(value: number): number {
  let x = (value + 0x9e3779b9) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0
  return (x ^ (x >>> 16)) >>> 0
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

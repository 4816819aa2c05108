/** Chance that can be had again from its seed. */
export interface Chance {
  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number
  /** One of them; `undefined` of none. */
  of<T>(list: readonly T[]): T | undefined
  /** One of them, by weight. */
  weighted<T>(list: readonly (readonly [weight: number, value: T])[]): T
}

/** The same seed gives the same numbers (mulberry32). */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const made: Chance = {
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    of: (list) => list[made.between(0, list.length - 1)],
    weighted(list) {
      let left = next() * list.reduce((sum, [weight]) => sum + weight, 0)
      const found = list.find(([weight]) => {
        left -= weight
        return left < 0
      })
      return (found ?? list[0])?.[1] as never
    },
  }
  return made
}

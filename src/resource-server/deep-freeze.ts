/** Freezes a value of JSON with everything in it, and returns it: what many requests share, nobody may change. */
export function deepFreeze<T>(value: T): T {
  const left: unknown[] = [value]
  while (left.length) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    left.push(...Object.values(next))
  }
  return value
}

/** Freezes a value of JSON with everything in it, and returns it: what many requests share, nobody may change. */
export function deepFreeze<T>(value: T): T {
  const left: unknown[] = [value]
  while (left.length) {
    const next = left.pop()
    const isObject = typeof next === 'object' && next !== null
    if (!isObject || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const inside of Object.values(next)) left.push(inside)
  }
  return value
}

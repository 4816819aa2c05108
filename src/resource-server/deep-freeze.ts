/** Freezes a JSON value and everything in it, and returns it. Many requests share these values, so nobody may change them. */
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

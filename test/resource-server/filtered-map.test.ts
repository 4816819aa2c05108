import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FilteredMap } from '../../src/resource-server/filtered-map.ts'

it('law: it holds what a Map holds, however many keys come and go', () => {
  const key = fc.oneof(
    fc.nat(20_000).map((n) => `k${n}`),
    fc.string({ maxLength: 4 }),
    // Nothing but their middle tells them apart.
    fc.string({ maxLength: 4 }).map((middle) => `https://${middle}/callback`),
  )
  const step = fc.record({ key, value: fc.nat(), gone: fc.boolean(), many: fc.constantFrom(1, 1, 1, 5_000, 9_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.array(key, { maxLength: 50 }), (steps, asked) => {
      const [filtered, plain] = [new FilteredMap<number>(), new Map<string, number>()]
      for (const { key, value, gone, many } of steps)
        for (let one = 0; one < many; one++) {
          const name = one ? `k${(value + one) % 20_000}` : key
          if (gone) filtered.delete(name)
          else filtered.set(name, value)
          if (gone) plain.delete(name)
          else plain.set(name, value)
        }
      expect(filtered.size).toBe(plain.size)
      const order = [...plain]
      expect([...filtered].every(([name, value], at) => order[at]?.[0] === name && order[at][1] === value)).toBe(true)
      expect([...asked, ...plain.keys()].filter((one) => filtered.get(one) !== plain.get(one))).toEqual([])
    }),
    { numRuns: 25 },
  )
})

it.each([
  ['a count in front', (n: number) => `${n}-4f1c-9b7e`],
  ['a count behind', (n: number) => `https://as.example.com/tokens/${n}`],
  ['a prefix and a UUID', () => `onrtac:${crypto.randomUUID()}`],
])('asks the map for few keys that are not there: %s', (_, key) => {
  const map = new FilteredMap<number>()
  for (let one = 0; one < 100_000; one++) map.set(key(one), one)
  const { get } = Map.prototype
  let asked = 0
  Map.prototype.get = function (this: Map<unknown, unknown>, key) {
    asked++
    return get.call(this, key)
  }
  try {
    for (let one = 100_000; one < 200_000; one++) map.get(key(one))
  } finally {
    Map.prototype.get = get
  }
  expect(asked).toBeLessThan(3_000)
})

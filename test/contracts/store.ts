import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'

/** Two contexts (tabs, processes) on one storage. */
export interface StoreContexts {
  readonly contexts: readonly [Store<unknown>, Store<unknown>]
  /** Ends what was opened. */
  close?(): Promise<void> | void
}

const oddKeys = ['__proto__', 'constructor', 'a/b', '../x', 'ключ', ' ', '👩‍🚀', 'k'.repeat(500)]

/** What every {@link Store} does. `create` makes an empty storage with two contexts; each call another one. */
export function storeContract(name: string, create: () => Promise<StoreContexts>): void {
  const within = (run: (a: Store<unknown>, b: Store<unknown>) => Promise<void>) => async () => {
    const { contexts, close } = await create()
    try {
      await run(...contexts)
    } finally {
      await close?.()
    }
  }

  describe(`${name} keeps the Store contract`, () => {
    it(
      'reads what was written, in both contexts',
      within(async (a, b) => {
        expect(await a.get('k')).toBeUndefined()
        expect(await a.swap('k', undefined, { n: 1 })).toBe(true)
        const [left, right] = [await a.get('k'), await b.get('k')]
        expect(left?.value).toEqual({ n: 1 })
        expect(right).toEqual(left)
        expect(left?.tag).toEqual(expect.any(String))
      }),
    )

    it(
      'writes only over the tag it was given',
      within(async (a, b) => {
        await a.swap('k', undefined, { n: 1 })
        const old = (await a.get('k'))!.tag
        expect(await b.swap('k', undefined, { n: 2 })).toBe(false)
        expect(await b.swap('k', 'another tag', { n: 2 })).toBe(false)
        expect(await b.swap('k', old, { n: 3 })).toBe(true)
        expect(await a.swap('k', old, { n: 4 })).toBe(false)
        expect((await a.get('k'))?.value).toEqual({ n: 3 })
      }),
    )

    it(
      'expects an absent key to be absent',
      within(async (a) => {
        expect(await a.swap('k', 'a tag', { n: 1 })).toBe(false)
        expect(await a.get('k')).toBeUndefined()
      }),
    )

    it(
      'deletes under the same condition',
      within(async (a, b) => {
        await a.swap('k', undefined, { n: 1 })
        const { tag } = (await a.get('k'))!
        expect(await b.swap('k', 'another tag', undefined)).toBe(false)
        expect(await b.swap('k', tag, undefined)).toBe(true)
        expect(await a.get('k')).toBeUndefined()
        expect(await a.swap('k', tag, { n: 2 })).toBe(false)
        expect(await a.swap('k', undefined, undefined)).toBe(true)
      }),
    )

    it(
      'STO-07: lets exactly one of 50 concurrent swaps win, from both contexts',
      within(async (a, b) => {
        for (const round of [0, 1]) {
          const tag = (await a.get('k'))?.tag
          const won = await Promise.all(
            Array.from({ length: 50 }, (_, n) => (n % 2 ? a : b).swap('k', tag, { round, n })),
          )
          expect(won.filter(Boolean)).toHaveLength(1)
          expect((await a.get('k'))?.value).toEqual({ round, n: won.indexOf(true) })
        }
      }),
    )

    it(
      'never repeats a tag, not even after a delete',
      within(async (a, b) => {
        const tags = new Set<string>()
        for (let n = 0; n < 20; n++) {
          const [writer, reader] = n % 2 ? [a, b] : [b, a]
          const before = await writer.get('k')
          await writer.swap('k', before?.tag, { same: true })
          const { tag } = (await reader.get('k'))!
          tags.add(tag)
          if (n % 3 === 0) await reader.swap('k', tag, undefined)
        }
        expect(tags.size).toBe(20)
      }),
    )

    it(
      'keeps a value apart from the objects it was given and gave out',
      within(async (a) => {
        const given = { list: [{ n: 1 }] }
        await a.swap('k', undefined, given)
        given.list[0]!.n = 2
        const read = (await a.get('k'))!.value as typeof given
        expect(read).toEqual({ list: [{ n: 1 }] })
        try {
          read.list[0]!.n = 3
        } catch {
          // Frozen is as good as copied.
        }
        expect((await a.get('k'))?.value).toEqual({ list: [{ n: 1 }] })
      }),
    )

    it(
      'keeps odd keys apart, and touches no prototype',
      within(async (a, b) => {
        for (const key of oddKeys) expect(await a.get(key)).toBeUndefined()
        for (const key of oddKeys) expect(await a.swap(key, undefined, { key })).toBe(true)
        for (const key of oddKeys) expect((await b.get(key))?.value).toEqual({ key })
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
    )

    it(
      'STO-04: gives odd and large values back as they were',
      within(async (a, b) => {
        const value = JSON.parse(
          JSON.stringify({ text: 'ü'.repeat(200_000), none: null, deep: [[[{ a: [] }]]] }).replace('none', '__proto__'),
        )
        await a.swap('k', undefined, value)
        const read = (await b.get('k'))!.value
        expect(JSON.stringify(read)).toBe(JSON.stringify(value))
        expect(Object.hasOwn(read as object, '__proto__')).toBe(true)
      }),
    )

    it(
      'STO-06: accepts either durability',
      within(async (a, b) => {
        expect(await a.swap('k', undefined, { n: 1 }, { durability: 'strict' })).toBe(true)
        expect(await a.swap('k', (await a.get('k'))!.tag, { n: 2 }, { durability: 'relaxed' })).toBe(true)
        expect((await b.get('k'))?.value).toEqual({ n: 2 })
      }),
    )
  })
}

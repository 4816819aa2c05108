import { expect, it } from 'vitest'
import type { Store, Stored } from '../../src/ports.ts'
import { memoryStore, storeContract } from '../../src/testing/index.ts'

/** The titles of the tests that `create` fails, with what they say. */
async function failuresOf(create: () => Store<unknown> | readonly [Store<unknown>, Store<unknown>]) {
  const failures: [string, string][] = []
  const runs: (() => Promise<void>)[] = []
  let closed = 0
  storeContract({
    create: () => {
      const made = create()
      return { contexts: 'get' in made ? [made, made] : made, close: () => void closed++ }
    },
    test: (title, run) => runs.push(() => run().catch((error) => void failures.push([title, error.message]))),
  })
  for (const run of runs) await run()
  expect([runs.length, closed]).toEqual([13, 13])
  return failures
}

/** A memory store with a fault. */
function faulty(
  fault: (rows: Map<string, Stored<unknown>>, good: Store<unknown>) => Partial<Store<unknown>>,
): Store<unknown> {
  const rows = new Map<string, Stored<unknown>>()
  const tags = { last: 0 }
  const good: Store<unknown> = {
    get: async (key) => structuredClone(rows.get(key)),
    async swap(key, tag, value) {
      if (rows.get(key)?.tag !== tag) return false
      if (value === undefined) rows.delete(key)
      else rows.set(key, { value: structuredClone(value), tag: `${++tags.last}` })
      return true
    },
  }
  return { ...good, ...fault(rows, good) }
}

/** What a store that can be watched does wrong. */
interface WatchFaults {
  readonly misses?: (change: 'write' | 'deletion', by: 'own' | 'other') => boolean
  readonly looksFirst?: boolean
  readonly goesOn?: boolean
  readonly tellsAtOnce?: boolean
}

/** A memory store that can be watched, in two contexts. */
function watchable(faults: WatchFaults = {}): readonly [Store<unknown>, Store<unknown>] {
  const { misses = () => false, looksFirst = true, goesOn = false, tellsAtOnce = false } = faults
  const rows = memoryStore()
  const watchers = new Set<() => void>()
  const context = (by: 'own' | 'other'): Store<unknown> => ({
    get: rows.get,
    async swap(key, tag, value) {
      const isDone = await rows.swap(key, tag, value)
      const isTold = isDone && !misses(value === undefined ? 'deletion' : 'write', by)
      if (isTold) for (const changed of watchers) queueMicrotask(changed)
      return isDone
    },
    watch(key, tag, changed) {
      let isOver = false
      const tell = () => {
        if (!isOver) changed()
      }
      watchers.add(tell)
      if (looksFirst) void rows.get(key).then((row) => (tellsAtOnce || row?.tag !== tag) && tell())
      return () => {
        if (goesOn) return
        isOver = true
        watchers.delete(tell)
      }
    },
  })
  return [context('own'), context('other')]
}

it('a good store passes', async () => {
  expect(await failuresOf(() => memoryStore())).toEqual([])
  expect(await failuresOf(() => faulty(() => ({})))).toEqual([])
  expect(await failuresOf(() => watchable())).toEqual([])
  let changes = 0
  expect(await failuresOf(() => watchable({ misses: () => ++changes % 3 !== 0 }))).toEqual([])
})

const faults: [string, () => Store<unknown> | readonly [Store<unknown>, Store<unknown>], string][] = [
  ['two contexts that share nothing', () => [memoryStore(), memoryStore()], 'reads what was written, in both contexts'],
  [
    'a swap that ignores the tag',
    () => faulty((rows, good) => ({ swap: (key, _, value) => good.swap(key, rows.get(key)?.tag, value) })),
    'writes only over the tag it was given',
  ],
  [
    'a swap that takes any tag where nothing is',
    () =>
      faulty((rows, good) => ({ swap: (key, tag, value) => good.swap(key, rows.has(key) ? tag : undefined, value) })),
    'expects an absent key to be absent',
  ],
  [
    'a delete that ignores the tag',
    () =>
      faulty((rows, good) => ({
        swap: (key, tag, value) => good.swap(key, value === undefined ? rows.get(key)?.tag : tag, value),
      })),
    'deletes under the same condition',
  ],
  [
    'a swap that compares, waits, and writes',
    () =>
      faulty((rows, good) => ({
        async swap(key, tag, value) {
          if (rows.get(key)?.tag !== tag) return false
          await Promise.resolve()
          return good.swap(key, rows.get(key)?.tag, value)
        },
      })),
    'lets exactly one of 50 concurrent swaps win, from both contexts',
  ],
  [
    'tags that count from the start after a delete',
    () =>
      faulty((rows) => ({
        async swap(key, tag, value) {
          const old = rows.get(key)
          if (old?.tag !== tag) return false
          if (value === undefined) rows.delete(key)
          else rows.set(key, { value: structuredClone(value), tag: `${Number(old?.tag ?? 0) + 1}` })
          return true
        },
      })),
    'never repeats a tag, not even after a delete',
  ],
  [
    'values that are handed out as they are',
    () => faulty((rows) => ({ get: async (key) => rows.get(key) })),
    'keeps a value apart from the objects it was given and gave out',
  ],
  [
    'values that are kept as they are handed in',
    () =>
      faulty((rows, good) => ({
        async swap(key, tag, value) {
          const done = await good.swap(key, tag, value)
          const row = rows.get(key)
          if (done && row && value !== undefined) rows.set(key, { ...row, value })
          return done
        },
      })),
    'keeps a value apart from the objects it was given and gave out',
  ],
  [
    'keys that are members of a plain object',
    () => {
      const rows: Record<string, Stored<unknown>> = {}
      let tags = 0
      return {
        get: async (key) => structuredClone(rows[key]),
        async swap(key, tag, value) {
          if (rows[key]?.tag !== tag) return false
          if (value === undefined) delete rows[key]
          else rows[key] = { value: structuredClone(value), tag: `${++tags}` }
          return true
        },
      }
    },
    'keeps odd keys apart, and touches no prototype',
  ],
  [
    'values that are cut off',
    () =>
      faulty((_, good) => ({
        swap: (key, tag, value) =>
          good.swap(key, tag, value && JSON.stringify(value).length > 100_000 ? JSON.parse('{"cut":true}') : value),
      })),
    'gives odd and large values back as they were',
  ],
  [
    'a durability that is refused',
    () =>
      faulty((_, good) => ({
        swap: async (key, tag, value, options) => options?.durability !== 'relaxed' && good.swap(key, tag, value),
      })),
    'accepts either durability',
  ],
  [
    'a watch that misses deletions',
    () => watchable({ misses: (change) => change === 'deletion' }),
    'tells who watches a key of a write and of a deletion, if it can watch',
  ],
  [
    'a watch that hears its own context only',
    () => watchable({ misses: (_, by) => by === 'other' }),
    'tells who watches a key of a write and of a deletion, if it can watch',
  ],
  [
    'a watch that hears only of what comes',
    () => watchable({ looksFirst: false }),
    'tells who watches a key of what changed before',
  ],
  [
    'a watch that tells of nothing',
    () => watchable({ tellsAtOnce: true }),
    'tells nothing to who watches in vain, or no longer',
  ],
  ['a watch that goes on', () => watchable({ goesOn: true }), 'tells nothing to who watches in vain, or no longer'],
]

it.each(faults)('%s fails', async (_, create, title) => {
  const failures = await failuresOf(create)
  expect(failures.map(([failed]) => failed)).toContain(title)
  for (const [failed, message] of failures) if (failed === title) expect(message).not.toBe('')
})

it('says what is wrong', async () => {
  const [, , , , , message] = (await failuresOf(() => [memoryStore(), memoryStore()])).flat()
  expect(message).toMatch(/^Store contract: .+ is .+, not .+$|^Store contract: what was written is not there$/)
})

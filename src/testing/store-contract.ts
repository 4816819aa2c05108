import type { Store } from '../ports.ts'

/** One storage, opened by two contexts: two tabs, two processes or two hosts. */
export interface StoreContexts {
  /** The store of each context. If only one context can reach the storage, give the same store twice. */
  readonly contexts: readonly [Store<unknown>, Store<unknown>]
  /** Closes and removes what `create` opened. Called after each test, also after one that failed. Default: nothing is done. */
  close?(): Promise<void> | void
}

/** Options of {@link storeContract}. */
export interface StoreContractOptions {
  /** Makes a new, empty storage with two contexts. Called once for each test. */
  readonly create: () => Promise<StoreContexts> | StoreContexts
  /** `test` or `it` of your test runner. It gets a title, and a function that rejects if the store breaks the contract. */
  readonly test: (title: string, run: () => Promise<void>) => unknown
}

const KEY = 'k'
const oddKeys = ['__proto__', 'constructor', 'a/b', '../x', 'ключ', ' ', '👩‍🚀', 'k'.repeat(500)]

/** What every store has to do, by the title of its test. */
const contract: Readonly<Record<string, (a: Store<unknown>, b: Store<unknown>) => Promise<void>>> = {
  async 'reads what was written, in both contexts'(a, b) {
    equal(await a.get(KEY), undefined, 'get() of an absent key')
    equal(await a.swap(KEY, undefined, { n: 1 }), true, 'swap() of an absent key')

    const [left, right] = [await a.get(KEY), await b.get(KEY)]
    equal(left?.value, { n: 1 }, 'the value')
    equal(right, left, 'what the other context reads')
    equal(typeof left?.tag, 'string', 'the type of the tag')
  },

  async 'writes only over the tag it was given'(a, b) {
    const old = await written(a, { n: 1 })
    equal(await b.swap(KEY, undefined, { n: 2 }), false, 'swap() that expects the key to be absent')
    equal(await b.swap(KEY, 'another tag', { n: 2 }), false, 'swap() over another tag')
    equal(await b.swap(KEY, old, { n: 3 }), true, 'swap() over the present tag')
    equal(await a.swap(KEY, old, { n: 4 }), false, 'swap() over a tag that is gone')
    equal(await stored(a), { n: 3 }, 'the value')
  },

  async 'expects an absent key to be absent'(a) {
    equal(await a.swap(KEY, 'a tag', { n: 1 }), false, 'swap() over a tag where there is none')
    equal(await a.get(KEY), undefined, 'get() of an absent key')
  },

  async 'deletes under the same condition'(a, b) {
    const tag = await written(a, { n: 1 })
    equal(await b.swap(KEY, 'another tag', undefined), false, 'deletion over another tag')
    equal(await b.swap(KEY, tag, undefined), true, 'deletion over the present tag')
    equal(await a.get(KEY), undefined, 'get() of a deleted key')
    equal(await a.swap(KEY, tag, { n: 2 }), false, 'swap() over the tag of a deleted key')
    equal(await a.swap(KEY, undefined, undefined), true, 'deletion of an absent key')
  },

  async 'lets exactly one of 50 concurrent swaps win, from both contexts'(a, b) {
    for (const round of [0, 1]) {
      const tag = (await a.get(KEY))?.tag
      const won = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? a : b).swap(KEY, tag, { round, n })))

      equal(won.filter((one) => one).length, 1, 'how many swaps over the same tag say true')
      equal(await stored(a), { round, n: won.indexOf(true) }, 'the value')
    }
  },

  async 'never repeats a tag, not even after a delete'(a, b) {
    const tags = new Set<string>()
    for (let n = 0; n < 20; n++) {
      const [writer, reader] = n % 2 ? [a, b] : [b, a]
      await writer.swap(KEY, (await writer.get(KEY))?.tag, { same: true })

      const { tag } = await present(reader)
      tags.add(tag)

      if (n % 3 === 0) await reader.swap(KEY, tag, undefined)
    }
    equal(tags.size, 20, 'how many tags 20 writes had')
  },

  async 'keeps a value apart from the objects it was given and gave out'(a) {
    const given = { list: [{ n: 1 }] }
    await a.swap(KEY, undefined, given)

    set(given, 2)
    const read = (await present(a)).value as typeof given
    equal(read, { list: [{ n: 1 }] }, 'the value, after the object that was stored has changed')

    set(read, 3)
    equal(await stored(a), { list: [{ n: 1 }] }, 'the value, after the object that was read has changed')
  },

  async 'keeps odd keys apart, and touches no prototype'(a, b) {
    for (const key of oddKeys) equal(await a.get(key), undefined, `get() of the absent key ${key}`)
    for (const key of oddKeys) equal(await a.swap(key, undefined, { key }), true, `swap() of the absent key ${key}`)
    for (const key of oddKeys) equal((await b.get(key))?.value, { key }, `the value of the key ${key}`)
    equal(Object.keys(Object.prototype), [], 'what was added to the prototype of all objects')
  },

  async 'gives odd and large values back as they were'(a, b) {
    const text = JSON.stringify({ text: 'ü'.repeat(200_000), none: null, deep: [[[{ a: [] }]]] })
    const value = JSON.parse(text.replace('none', '__proto__'))
    await a.swap(KEY, undefined, value)

    const read = (await present(b)).value as object
    equal(JSON.stringify(read) === JSON.stringify(value), true, 'whether 200 000 letters came back')
    equal(Object.hasOwn(read, '__proto__'), true, 'whether a member called __proto__ came back')
  },

  async 'accepts either durability'(a, b) {
    equal(await a.swap(KEY, undefined, { n: 1 }, { durability: 'strict' }), true, 'swap() with strict durability')
    const { tag } = await present(a)
    equal(await a.swap(KEY, tag, { n: 2 }, { durability: 'relaxed' }), true, 'swap() with relaxed durability')
    equal(await stored(b), { n: 2 }, 'the value')
  },

  async 'tells who watches a key of a write and of a deletion, if it can watch'(a, b) {
    for (const writer of [a, b]) {
      await expectTold(a, 'a write', () => rewritten(writer))
      await expectTold(a, 'a deletion', () => deleted(writer))
    }
  },

  async 'tells who watches a key of what changed before'(a, b) {
    const old = await written(a, { n: 1 })

    await rewritten(b)
    await expectTold(a, 'another tag', async () => {}, old)

    await deleted(b)
    await expectTold(a, 'a deletion before', async () => {}, old)
  },

  async 'tells nothing to who watches in vain, or no longer'(a, b) {
    let told = 0
    const tag = await written(a, { n: 1 })
    const stop = a.watch?.(KEY, tag, () => told++)

    await given(a, () => false)
    equal(told, 0, 'how often watch() tells when nothing changes')

    stop?.()
    await expectTold(a, 'a write', () => rewritten(b))
    equal(told, 0, 'how often watch() tells after its undo')
  },
}

/** A watch may miss a change. One that misses this many in a row does not work. */
const TRIES = 100
/** How often the store is read while a watch gets time to call its listener. */
const READS = 20

/**
 * Expects that a watch calls its listener for at least one of many changes.
 * @param tag the tag that is watched. Default: the present one
 */
async function expectTold(
  store: Store<unknown>,
  what: string,
  change: () => Promise<unknown>,
  tag?: string,
): Promise<void> {
  if (!store.watch) return
  for (let tries = 0; tries < TRIES; tries++) {
    if (tag === undefined) await rewritten(store)

    let isTold = false
    const stop = store.watch(KEY, tag ?? (await present(store)).tag, () => {
      isTold = true
    })

    await change()
    await given(store, () => isTold)
    stop()
    if (isTold) return
  }
  throw new Error(`Store contract: how often watch() tells of ${what} is 0 of ${TRIES}, not once`)
}

/** Gives a watch time to call its listener. Returns early when `isTold` becomes true. */
async function given(store: Store<unknown>, isTold: () => boolean): Promise<void> {
  for (let reads = 0; reads < READS && !isTold(); reads++) await store.get(KEY)
}

/**
 * Tests whether a {@link Store} does what a manager relies on. It registers about ten tests with your test runner, and each of them gets a
 * new storage. A test rejects with an `Error` that says what was found and what was expected.
 * @example
 * describe('my store', () => storeContract({ test: it, create: () => ({ contexts: [myStore(), myStore()] }) }))
 */
export function storeContract({ create, test }: StoreContractOptions): void {
  for (const [title, run] of Object.entries(contract))
    test(title, async () => {
      const { contexts, close } = await create()
      try {
        await run(...contexts)
      } finally {
        await close?.()
      }
    })
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [shown(actual), shown(expected)]
  if (is !== should) throw new Error(`Store contract: ${what} is ${is.slice(0, 200)}, not ${should}`)
}

/** `value` as JSON, with the members of each object sorted by name, so that equal values give equal texts. */
function shown(value: unknown): string {
  const sorted = (_: string, member: unknown) =>
    member && Object.getPrototypeOf(member) === Object.prototype
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member
  return JSON.stringify(value, sorted) ?? 'undefined'
}

async function present(store: Store<unknown>) {
  const found = await store.get(KEY)
  if (!found) throw new Error('Store contract: what was written is not there')
  return found
}

async function written(store: Store<unknown>, value: unknown): Promise<string> {
  await store.swap(KEY, undefined, value)
  return (await present(store)).tag
}

async function rewritten(store: Store<unknown>): Promise<void> {
  await store.swap(KEY, (await store.get(KEY))?.tag, { n: 1 })
}

async function deleted(store: Store<unknown>): Promise<void> {
  await store.swap(KEY, (await store.get(KEY))?.tag, undefined)
}

async function stored(store: Store<unknown>): Promise<unknown> {
  return (await present(store)).value
}

function set({ list }: { readonly list: { n: number }[] }, n: number): void {
  const [first] = list
  try {
    if (first) first.n = n
  } catch {
    // A frozen object throws here. That is as good as a copy: nobody can change the stored value.
  }
}

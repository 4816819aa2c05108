import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import type { Sealed, Store } from '../../src/ports.ts'
import { sealed } from '../../src/sealing/sealed.ts'
import { storeContract } from '../contracts/store.ts'
import { faultyStore } from '../support/faulty-store.ts'

const seal = (inner: Store<unknown>) => sealed(inner, { sealing: webSealing })
const keyName = 'sealing-key'

async function remove(store: Store<unknown>, key: string): Promise<void> {
  await store.swap(key, (await store.get(key))?.tag, undefined)
}

async function sealedAt(inner: Store<unknown>, key: string): Promise<Sealed> {
  return (await inner.get(key))!.value as Sealed
}

storeContract('sealed(memoryStore)', async () => {
  const inner = memoryStore<unknown>()
  return { contexts: [seal(inner), seal(inner)] }
})

describe('sealed', () => {
  it('STO-10: leaves nothing readable in the store, with another IV at each write', async () => {
    const inner = memoryStore<unknown>()
    const store = seal(inner)
    await store.swap('k', undefined, { token: 'canary-token' })
    const first = await sealedAt(inner, 'k')
    await store.swap('k', (await store.get('k'))!.tag, { token: 'canary-token' })
    const second = await sealedAt(inner, 'k')
    expect(Buffer.from(first.data).toString('latin1')).not.toContain('canary')
    expect(second.iv).not.toEqual(first.iv)
    expect(second.data).not.toEqual(first.data)
  })

  it('STO-10: reads a changed, moved or foreign value as unreadable, with the tag that replaces it', async () => {
    const inner = memoryStore<unknown>()
    const store = seal(inner)
    await store.swap('a', undefined, { n: 1 })
    const { iv, data } = await sealedAt(inner, 'a')
    const flipped = data.slice()
    flipped[3]! ^= 8
    const bad = {
      flipped: { iv, data: flipped },
      moved: { iv, data },
      text: 'plain',
      none: null,
      half: { iv },
      list: [],
    }
    for (const [key, value] of Object.entries(bad)) {
      await inner.swap(key, undefined, value)
      const row = (await store.get(key))!
      expect(row, key).toEqual({ value: undefined, tag: expect.any(String) })
      expect(await store.swap(key, row.tag, { n: 2 }), key).toBe(true)
      expect((await store.get(key))?.value, key).toEqual({ n: 2 })
    }
  })

  it('STO-04: never throws for whatever lies in the store', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withTypedArray: true, withNullPrototype: true }), async (value) => {
        if (value === undefined) return
        const inner = memoryStore<unknown>()
        await inner.swap('k', undefined, value)
        await inner.swap(keyName, undefined, value)
        expect((await seal(inner).get('k'))?.value).toBeUndefined()
      }),
    )
  })

  it('STO-04: reads nothing larger than 1 MiB, and says so when writing it', async () => {
    const inner = memoryStore<unknown>()
    const store = seal(inner)
    await expect(store.swap('k', undefined, 'x'.repeat(2 ** 20))).rejects.toMatchObject({ reason: 'store_failed' })
    expect(await store.swap('k', undefined, 'x'.repeat(2 ** 20 - 2))).toBe(true)
    expect(await store.get('k')).toMatchObject({ value: expect.stringMatching(/^x+$/) })
    const key = (await inner.get(keyName))!.value as CryptoKey
    const large = new TextEncoder().encode(JSON.stringify('x'.repeat(2 ** 20)))
    const aad = new TextEncoder().encode('tokenward/1/large')
    await inner.swap('large', undefined, await webSealing.seal(key, large, aad))
    expect((await store.get('large'))?.value).toBeUndefined()
  })

  it('makes one key when several contexts start at once', async () => {
    const inner = memoryStore<unknown>()
    const contexts = Array.from({ length: 5 }, () => seal(inner))
    await Promise.all(contexts.map((store, n) => store.swap(`k${n}`, undefined, { n })))
    for (const reader of [...contexts, seal(inner)]) {
      for (let n = 0; n < 5; n++) expect((await reader.get(`k${n}`))?.value).toEqual({ n })
    }
  })

  it('STO-08: goes on after another context cleared the storage and began again', async () => {
    const inner = memoryStore<unknown>()
    const [a, b] = [seal(inner), seal(inner)]
    await a.swap('k', undefined, { n: 1 })
    for (const key of ['k', keyName]) await remove(inner, key)
    expect(await a.get('k')).toBeUndefined()
    await b.swap('k', undefined, { n: 2 })
    expect((await a.get('k'))?.value).toEqual({ n: 2 })
    expect(await a.swap('k', (await a.get('k'))!.tag, { n: 3 })).toBe(true)
    expect((await b.get('k'))?.value).toEqual({ n: 3 })
  })

  it('STO-08: takes the present key, or makes one, for a record that was absent', async () => {
    const inner = memoryStore<unknown>()
    const [a, b] = [seal(inner), seal(inner)]
    await a.swap('k', undefined, { n: 1 })
    for (const key of ['k', keyName]) await remove(inner, key)
    await a.swap('k', undefined, { n: 2 })
    expect((await b.get('k'))?.value).toEqual({ n: 2 })
  })

  it('STO-08: reads a record without its key as unreadable, and replaces a key that is none', async () => {
    const inner = memoryStore<unknown>()
    await seal(inner).swap('k', undefined, { n: 1 })
    await inner.swap(keyName, (await inner.get(keyName))!.tag, 'not a key')
    const store = seal(inner)
    const row = (await store.get('k'))!
    expect(row.value).toBeUndefined()
    expect(await store.swap('k', row.tag, { n: 2 })).toBe(true)
    expect((await seal(inner).get('k'))?.value).toEqual({ n: 2 })
  })

  it('reads the key once, not at each read', async () => {
    const inner = faultyStore(memoryStore<unknown>())
    const store = seal(inner)
    await store.swap('k', undefined, { n: 1 })
    const before = inner.count.get
    for (let n = 0; n < 5; n++) await store.get('k')
    expect(inner.count.get - before).toBe(5)
  })

  it('ends, with an error, when the storage does not keep the key', async () => {
    const forgetful: Store<unknown> = { get: async () => undefined, swap: async () => true }
    await expect(seal(forgetful).swap('k', undefined, 1)).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  })

  it("passes the store's failures on", async () => {
    const inner = faultyStore(memoryStore<unknown>())
    inner.fault = () => 'before'
    await expect(seal(inner).get('k')).rejects.toMatchObject({ reason: 'store_failed' })
    await expect(seal(inner).swap('k', undefined, 1)).rejects.toMatchObject({ reason: 'store_failed' })
  })
})

describe('CryptoKeys in a value', () => {
  const generate = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])

  it('DPO-01: lie beside the ciphertext as handles, at any depth, and come back in their places', async () => {
    const inner = memoryStore<unknown>()
    const store = seal(inner)
    const [one, two] = [(await generate()).privateKey, (await generate()).privateKey]
    const value = { token: 'canary-token', pending: [{ dpopKey: { privateKey: one } }], dpopKey: { privateKey: two } }
    await store.swap('k', undefined, value)
    const { keys, data } = await sealedAt(inner, 'k')
    expect(keys).toEqual([one, two])
    expect(Buffer.from(data).toString('latin1')).not.toContain('canary')
    const read = (await store.get('k'))!.value as typeof value
    expect(read).toEqual(value)
    expect(read.pending[0]?.dpopKey.privateKey).toBe(one)
    expect(read.dpopKey.privateKey).toBe(two)
  })

  it('a value without one is stored as before, and one whose handles were lost has none', async () => {
    const inner = memoryStore<unknown>()
    const store = seal(inner)
    await store.swap('plain', undefined, { n: 1, nothing: Object.create(null) })
    expect(await sealedAt(inner, 'plain')).not.toHaveProperty('keys')
    await store.swap('k', undefined, { key: (await generate()).privateKey, n: 1 })
    const row = (await inner.get('k'))!
    await inner.swap('k', row.tag, { ...(row.value as Sealed), keys: undefined })
    expect((await store.get('k'))!.value).toEqual({ n: 1 })
  })

  it('says of the store what it says of itself', () => {
    expect(seal({ ...memoryStore(), textOnly: true }).textOnly).toBe(true)
    expect(seal(memoryStore()).textOnly).toBeUndefined()
  })
})

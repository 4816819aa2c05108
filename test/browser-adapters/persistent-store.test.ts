import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { indexedDbStore } from '../../src/browser/indexed-db-store.ts'
import { persistentStore } from '../../src/browser/persistent-store.ts'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import type { Degradation, Store } from '../../src/ports.ts'
import { storeContract } from '../contracts/store.ts'
import { faultyStore } from '../support/faulty-store.ts'

beforeEach(() => void vi.stubGlobal('indexedDB', new IDBFactory()))

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** However busy the machine is. */
const timeout = 60_000

function persistent(store: Store<unknown> = indexedDbStore({ timeout })) {
  const reported: Degradation[] = []
  return { store: persistentStore(store, webSealing, (lacking) => reported.push(lacking)), reported }
}

/** The session works all the same, in memory, and the lack was said once. */
async function expectMemory({ store, reported }: ReturnType<typeof persistent>, lacking: Degradation): Promise<void> {
  expect(await store.swap('k', undefined, { n: 1 })).toBe(true)
  expect((await store.get('k'))?.value).toEqual({ n: 1 })
  expect(reported).toEqual([lacking])
}

storeContract('persistentStore', async () => ({ contexts: [persistent().store, persistent().store] }))

describe('persistentStore', () => {
  it('keeps, sealed, what another page finds', async () => {
    const { store, reported } = persistent()
    await store.swap('k', undefined, { token: 'canary-token' })
    expect((await persistent().store.get('k'))?.value).toEqual({ token: 'canary-token' })
    expect(reported).toEqual([])
    const raw = indexedDbStore()
    expect(JSON.stringify((await raw.get('k'))?.value)).not.toContain('canary')
  })

  it('STO-09: does nothing before the first use', () => {
    const open = vi.spyOn(indexedDB, 'open')
    persistent()
    expect(open).not.toHaveBeenCalled()
  })

  it('STO-09: goes on in memory without IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined)
    await expectMemory(persistent(), 'store_unavailable')
  })

  it('STO-09: goes on in memory in an opaque origin', async () => {
    const open = () => {
      throw new DOMException('opaque origin', 'SecurityError')
    }
    vi.stubGlobal('indexedDB', { open })
    await expectMemory(persistent(), 'store_unavailable')
  })

  it('STO-08: fails while the opening hangs, and finds the session when it does not any more', async () => {
    await persistent().store.swap('k', undefined, { n: 1 })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const hanging = vi.spyOn(indexedDB, 'open').mockReturnValue({} as IDBOpenDBRequest)
    const { store, reported } = persistent()
    const failed = { code: 'ERR_STORE_FAILED', reason: 'store_failed', cause: { name: 'TimeoutError' } }
    const expectTimeout = async (operation: Promise<unknown>) => {
      const expected = expect(operation).rejects.toMatchObject(failed)
      await vi.advanceTimersByTimeAsync(2 * timeout)
      await expected
    }
    await expectTimeout(store.get('k'))
    await expectTimeout(store.swap('k', undefined, { n: 2 }))

    hanging.mockRestore()
    vi.useRealTimers()
    expect((await store.get('k'))?.value).toEqual({ n: 1 })
    expect(await store.swap('k', undefined, { n: 2 })).toBe(false)
    expect(reported).toEqual([])
  })

  it('STO-08: goes on in memory when the storage is full', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    await expectMemory(persistent(), 'store_unavailable')
  })

  it('STO-09: goes on in memory where a CryptoKey cannot be stored', async () => {
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, row, key) {
      if ((row as { value: unknown }).value instanceof CryptoKey) throw new DOMException('no keys', 'DataCloneError')
      return put.call(this, row, key)
    })
    await expectMemory(persistent(), 'sealing_key_not_storable')
  })

  it('STO-09: goes on in memory where a stored CryptoKey comes back as something else', async () => {
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, row, key) {
      const isKey = (row as { value: unknown }).value instanceof CryptoKey
      return put.call(this, isKey ? { ...row, value: {} } : row, key)
    })
    await expectMemory(persistent(), 'sealing_key_not_storable')
  })

  it('STO-09: goes on in memory outside secure contexts', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    await expectMemory(persistent(), 'sealing_key_not_storable')
  })

  it('STO-08: fails for the caller, and does not turn empty, when the storage fails later', async () => {
    const inner = faultyStore(memoryStore<unknown>())
    const { store, reported } = persistent(inner)
    await store.swap('k', undefined, { n: 1 })
    inner.fault = () => 'before'
    await expect(store.get('k')).rejects.toMatchObject({ reason: 'store_failed' })
    await expect(store.swap('k', undefined, 2)).rejects.toMatchObject({ reason: 'store_failed' })
    inner.fault = () => undefined
    expect((await store.get('k'))?.value).toEqual({ n: 1 })
    expect(reported).toEqual([])
  })

  it('is not misled by another tab that clears the storage meanwhile', async () => {
    const inner = memoryStore<unknown>()
    let reads = 0
    const get = async (key: string) => (++reads < 3 ? undefined : inner.get(key))
    const { store, reported } = persistent({ ...inner, get })
    await store.swap('k', undefined, 1)
    expect(reported).toEqual([])
    expect((await inner.get('k'))?.value).toHaveProperty('iv')
  })

  it('finds the session of a storage that has become full', async () => {
    await persistent().store.swap('k', undefined, { n: 1 })
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    const { store, reported } = persistent()
    expect((await store.get('k'))?.value).toEqual({ n: 1 })
    await expect(store.swap('l', undefined, 1)).rejects.toMatchObject({ reason: 'store_failed' })
    expect(reported).toEqual([])
  })

  it('is not misled by other tabs that begin at the same time', async () => {
    const tabs = Array.from({ length: 6 }, () => persistent())
    await Promise.all(tabs.map(({ store }, n) => store.swap(`k${n}`, undefined, n)))
    expect(tabs.flatMap(({ reported }) => reported)).toEqual([])
    expect(await Promise.all(tabs.map(async ({ store }, n) => (await store.get(`k${5 - n}`))?.value))).toEqual([
      5, 4, 3, 2, 1, 0,
    ])
  })
})

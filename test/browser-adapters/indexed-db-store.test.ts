import { readFileSync } from 'node:fs'
import { IDBDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { indexedDbStore } from '../../src/browser/indexed-db-store.ts'
import { storeContract } from '../contracts/store.ts'

const storeFailed = { code: 'ERR_STORE_FAILED', reason: 'store_failed' }
const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The store's own time limit, on a clock that stands until the test moves it. */
const timeout = 30
const letTimePass = () => vi.advanceTimersByTimeAsync(timeout)
const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

let factory: IDBFactory

beforeEach(() => {
  factory = new IDBFactory()
  vi.stubGlobal('indexedDB', factory)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** Opens the database with nobody to close it when another context asks, and begins to delete it. */
async function block(): Promise<() => void> {
  const database = await new Promise<globalThis.IDBDatabase>((resolve) => {
    const request = indexedDB.open('tokenward')
    request.onsuccess = () => resolve(request.result)
  })
  indexedDB.deleteDatabase('tokenward')
  return () => database.close()
}

// However busy the machine is.
const patient = { timeout: 60_000 }
storeContract('indexedDbStore', async () => ({ contexts: [indexedDbStore(patient), indexedDbStore(patient)] }))

describe('indexedDbStore', () => {
  it('STO-08: opens nothing before the first use, and once for many', async () => {
    const open = vi.spyOn(factory, 'open')
    const store = indexedDbStore({ databaseName: 'mine' })
    expect(open).not.toHaveBeenCalled()
    await Promise.all([store.get('a'), store.get('b'), store.swap('c', undefined, 1)])
    expect(open).toHaveBeenCalledTimes(1)
    expect(open).toHaveBeenCalledWith('mine')
  })

  it('STO-06: passes the durability on, strict unless told otherwise', async () => {
    const store = indexedDbStore()
    await store.get('k')
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await store.swap('k', undefined, 1)
    await store.swap('l', undefined, 1, { durability: 'relaxed' })
    expect(transaction.mock.calls.map(([, mode, options]) => [mode, options])).toEqual([
      ['readwrite', { durability: 'strict' }],
      ['readwrite', { durability: 'relaxed' }],
    ])
  })

  it('STO-06: does not call a write done before its transaction is complete', async () => {
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
      const request = put.call(this, value, key)
      request.addEventListener('success', () => this.transaction.abort())
      return request
    })
    const store = indexedDbStore()
    await expect(store.swap('k', undefined, 1)).rejects.toMatchObject(storeFailed)
    expect(await store.get('k')).toBeUndefined()
  })

  it('STO-07: compares and writes in one transaction', async () => {
    const store = indexedDbStore()
    await store.swap('k', undefined, 1)
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await store.swap('k', 'not this', 2)
    await store.swap('k', (await indexedDbStore().get('k'))?.tag, 3)
    expect(transaction.mock.calls.map(([, mode]) => mode)).toEqual(['readwrite', 'readonly', 'readwrite'])
  })

  it('STO-08: lets another context delete the database, and finds it empty', async () => {
    const store = indexedDbStore()
    await store.swap('k', undefined, 1)
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('tokenward')
      request.onsuccess = resolve
      request.onblocked = reject
    })
    expect(await store.get('k')).toBeUndefined()
    expect(await store.swap('k', undefined, 2)).toBe(true)
  })

  it('STO-08: opens again, once, when the connection is dead', async () => {
    const open = vi.spyOn(factory, 'open')
    const store = indexedDbStore()
    await store.swap('k', undefined, 1)
    ;(open.mock.results[0]!.value as globalThis.IDBOpenDBRequest).result.close()
    expect((await store.get('k'))?.value).toBe(1)
    expect(open).toHaveBeenCalledTimes(2)
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('closing', 'InvalidStateError')
    })
    await expect(store.get('k')).rejects.toMatchObject({ ...storeFailed, cause: { name: 'InvalidStateError' } })
    expect(open).toHaveBeenCalledTimes(3)
  })

  it('STO-08: opens again after the browser closed the connection', async () => {
    const open = vi.spyOn(factory, 'open')
    const store = indexedDbStore()
    await store.swap('k', undefined, 1)
    const { result } = open.mock.results[0]!.value as globalThis.IDBOpenDBRequest
    result.onclose?.(new Event('close'))
    expect((await store.get('k'))?.value).toBe(1)
    expect(open).toHaveBeenCalledTimes(2)
  })

  it.each([1, 7])(
    'STO-08: makes what is missing in a database without content of version %d, for all who find it at once',
    async (version) => {
      // As browsers leave it that were stopped while they made it, or as a script of the page that only wanted to look.
      await new Promise<void>((resolve) => {
        const request = indexedDB.open('tokenward', version)
        request.onsuccess = () => resolve(request.result.close())
      })
      const stores = [indexedDbStore(), indexedDbStore()]
      expect(await Promise.all(stores.map((store) => store.get('k')))).toEqual([undefined, undefined])
      expect(await stores[0]?.swap('k', undefined, 1)).toBe(true)
      expect((await stores[1]?.get('k'))?.value).toBe(1)
      expect((await indexedDbStore().get('k'))?.value).toBe(1)
    },
  )

  it('STO-08: gives a blocked opening up in time, writes nothing later, and recovers', async () => {
    const unblock = await block()
    stopTime()
    const store = indexedDbStore({ timeout })
    const read = expect(store.get('k')).rejects.toMatchObject({ ...storeFailed, cause: { name: 'TimeoutError' } })
    await letTimePass()
    await read
    const written = expect(store.swap('k', undefined, 1)).rejects.toMatchObject(storeFailed)
    await letTimePass()
    await written
    unblock()
    await turns()
    expect(await store.get('k')).toBeUndefined()
    expect(await store.swap('k', undefined, 2)).toBe(true)
  })

  it('STO-08: opens anew after an opening that never answered', async () => {
    vi.spyOn(factory, 'open').mockReturnValueOnce({} as ReturnType<IDBFactory['open']>)
    stopTime()
    const store = indexedDbStore({ timeout })
    const read = expect(store.get('k')).rejects.toMatchObject(storeFailed)
    await letTimePass()
    await read
    expect(await store.swap('k', undefined, 1)).toBe(true)
  })

  it('rolls back a write that did not complete in time', async () => {
    stopTime()
    const store = indexedDbStore({ timeout })
    await store.get('k')
    const get = IDBObjectStore.prototype.get
    let isHeld = true
    const spy = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      // Keeps the transaction alive with requests of its own until the time is up.
      const request = get.call(this, key)
      const original = request.addEventListener.bind(request)
      const hold = () => {
        if (isHeld) get.call(this, 'other').addEventListener('success', hold)
      }
      original('success', hold)
      return request
    })
    const swapped = expect(store.swap('k', undefined, 1)).rejects.toMatchObject({ cause: { name: 'TimeoutError' } })
    await turns()
    await letTimePass()
    await swapped
    isHeld = false
    spy.mockRestore()
    await turns()
    expect(await store.get('k')).toBeUndefined()
  })

  it('closes when the page is left, so that a page in the back/forward cache blocks nobody', async () => {
    const page = new EventTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    const close = vi.spyOn(IDBDatabase.prototype, 'close')
    const store = indexedDbStore()
    await store.swap('k', undefined, 1)
    expect(close).not.toHaveBeenCalled()
    page.dispatchEvent(new Event('pagehide'))
    await turns(1)
    expect(close).toHaveBeenCalledTimes(1)
    expect((await store.get('k'))?.value).toBe(1)
  })

  it('reports a value that cannot be cloned, with the cause', async () => {
    const failed = { ...storeFailed, cause: { name: 'DataCloneError' } }
    await expect(indexedDbStore().swap('k', undefined, () => {})).rejects.toMatchObject(failed)
  })

  it('STO-09: rejects, typed, where there is no IndexedDB or it is denied', async () => {
    vi.stubGlobal('indexedDB', undefined)
    await expect(indexedDbStore().get('k')).rejects.toMatchObject(storeFailed)
    const denied = () => {
      throw new DOMException('opaque origin', 'SecurityError')
    }
    vi.stubGlobal('indexedDB', { open: denied })
    await expect(indexedDbStore().get('k')).rejects.toMatchObject({ ...storeFailed, cause: { name: 'SecurityError' } })
  })

  it('keeps the value out of the error', async () => {
    const error = await indexedDbStore()
      .swap('k', undefined, { token: 'canary-token', f: () => 'canary-token' })
      .catch((reason: unknown) => reason)
    expect(`${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('canary')
  })

  it('STO-07: awaits nothing but IndexedDB inside a transaction', () => {
    const source = readFileSync(new URL('../../src/browser/indexed-db-store.ts', import.meta.url), 'utf8')
    const [, body = ''] = /\('readwrite', durability, async \(store\) => \{([\s\S]*?)\n {6}\}\)/.exec(source) ?? []
    expect(body.replace(/\/\/.*/g, '').match(/\bawait\b.*/g)).toEqual(['await promisifyRequest(store.get(key))'])
  })
})

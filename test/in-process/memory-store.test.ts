import { expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import { storeContract } from '../contracts/store.ts'
import { faultyStore } from '../support/faulty-store.ts'

storeContract('memoryStore', async () => {
  const store = memoryStore<unknown>()
  return { contexts: [store, store] }
})

storeContract('faultyStore without a fault', async () => {
  const store = memoryStore<unknown>()
  return { contexts: [faultyStore(store), faultyStore(store)] }
})

it('keeps a key as the handle it is, and bytes as a copy', async () => {
  const store = memoryStore<{ key: CryptoKey; data: Uint8Array }>()
  const key = await webSealing.generateKey()
  const data = new Uint8Array([1, 2, 3])
  await store.swap('k', undefined, { key, data })
  data[0] = 9
  const read = (await store.get('k'))!.value
  expect(read.key).toBe(key)
  expect(read.data).toEqual(new Uint8Array([1, 2, 3]))
})

it('faultyStore fails before or after the write, as it is told', async () => {
  const inner = memoryStore<number>()
  const store = faultyStore(inner)
  store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
  await expect(store.swap('k', undefined, 1)).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  expect(await store.get('k')).toBeUndefined()
  store.fault = () => 'after'
  await expect(store.swap('k', undefined, 1)).rejects.toMatchObject({ reason: 'store_failed' })
  expect((await inner.get('k'))?.value).toBe(1)
  expect(store.count).toEqual({ get: 1, swap: 2 })
})

// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sessionStorageSlot } from '../../src/browser/session-storage-slot.ts'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { storeContract } from '../contracts/store.ts'

beforeEach(() => sessionStorage.clear())
afterEach(() => void vi.unstubAllGlobals())

storeContract('sessionStorageSlot', async () => {
  const inner = memoryStore<unknown>()
  return { contexts: [sessionStorageSlot(inner), sessionStorageSlot(inner)] }
})

it('STO-11: survives a reload, and is not found from another tab', async () => {
  const inner = memoryStore<unknown>()
  await sessionStorageSlot(inner).swap('k', undefined, 1)
  expect((await sessionStorageSlot(inner).get('k'))?.value).toBe(1)
  sessionStorage.clear()
  expect(await sessionStorageSlot(inner).get('k')).toBeUndefined()
})

it('touches nothing before the first use, and then rejects where sessionStorage is denied', async () => {
  vi.stubGlobal('sessionStorage', {
    getItem() {
      throw new DOMException('blocked', 'SecurityError')
    },
  })
  const store = sessionStorageSlot(memoryStore())
  await expect(store.get('k')).rejects.toMatchObject({ name: 'SecurityError' })
  await expect(store.swap('k', undefined, 1)).rejects.toMatchObject({ name: 'SecurityError' })
})

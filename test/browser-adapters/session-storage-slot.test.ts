// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sessionStorageSlot } from '../../src/browser/session-storage-slot.ts'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import type { Store } from '../../src/ports.ts'
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

describe('what closed tabs leave', () => {
  const DAY = 86_400_000
  const register = 'tab-rows'
  let now = 1_800_000_000_000

  /** A tab that was opened anew, on a store that remembers its keys. */
  function tabOn(rows: Map<string, unknown>, inner = memoryStore<unknown>()) {
    sessionStorage.clear()
    const swap: Store<unknown>['swap'] = async (key, tag, value, ...rest) => {
      const isDone = await inner.swap(key, tag, value, ...rest)
      if (isDone && value === undefined) rows.delete(key)
      else if (isDone) rows.set(key, value)
      return isDone
    }
    return sessionStorageSlot({ get: inner.get, swap }, () => now)
  }

  it('is deleted when another tab is used a week later, and what was used meanwhile stays', async () => {
    const inner = memoryStore<unknown>()
    const rows = new Map<string, unknown>()
    for (let tab = 0; tab < 20; tab++) await tabOn(rows, inner).swap('k', undefined, tab)
    const long = tabOn(rows, inner)
    await long.swap('k', undefined, 'long')
    const slot = sessionStorage.getItem('tokenward-slot') ?? ''
    expect(rows.size).toBe(22)

    now += 4 * DAY
    expect((await long.get('k'))?.value).toBe('long')
    now += 4 * DAY
    await tabOn(rows, inner).swap('k', undefined, 'new')
    expect([...rows.values()].filter((value) => typeof value === 'string')).toEqual(['long', 'new'])
    expect(rows.size).toBe(3)
    expect(Object.keys(Object(rows.get(register)))).toHaveLength(2)
    sessionStorage.setItem('tokenward-slot', slot)
    expect((await long.get('k'))?.value).toBe('long')
  })

  it('does not keep tabs from reading and writing when it cannot be noted, and is noted once a day', async () => {
    const inner = memoryStore<unknown>()
    const asked: string[] = []
    let isDown = true
    const noting: Store<unknown> = {
      async get(key) {
        asked.push(key)
        if (isDown && key === register) throw new Error('down')
        return inner.get(key)
      },
      swap: inner.swap,
    }
    sessionStorage.clear()
    const tab = sessionStorageSlot(noting, () => now)
    expect(await tab.swap('k', undefined, 1)).toBe(true)
    expect(await inner.get(register)).toBeUndefined()

    isDown = false
    for (let reads = 0; reads < 3; reads++) expect((await tab.get('k'))?.value).toBe(1)
    expect(asked.filter((key) => key === register)).toHaveLength(2)
    now += DAY
    await tab.get('k')
    expect(asked.filter((key) => key === register)).toHaveLength(3)
  })

  it('is noted for all tabs that begin at the same time', async () => {
    const inner = memoryStore<unknown>()
    const rows = new Map<string, unknown>()
    const tab = tabOn(rows, inner)
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => tab.swap(key, undefined, 1)))
    expect(Object.keys(Object(rows.get(register)))).toHaveLength(4)
  })
})

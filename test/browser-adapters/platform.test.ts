// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** A realm in which nothing was imported yet. */
async function realm() {
  vi.resetModules()
  const { inTab } = await import('../../src/browser/in-tab.ts')
  const { inMemory } = await import('../../src/browser/in-memory.ts')
  const { browserPlatform } = await import('../../src/browser/platform.ts')
  return { browserPlatform, kept: { local: {}, session: { persistence: inTab }, memory: { persistence: inMemory } } }
}

beforeEach(() => void vi.stubGlobal('indexedDB', new IDBFactory()))
afterEach(() => void vi.unstubAllGlobals())

describe('browserPlatform', () => {
  it('gives managers of one page the same store, and each persistence its own', async () => {
    const { browserPlatform, kept } = await realm()
    const local = browserPlatform({})!
    expect(browserPlatform({})!.store).toBe(local.store)
    expect(browserPlatform(kept.memory)!.store).not.toBe(local.store)
    expect(local.origin).toBe(location.origin === 'null' ? undefined : location.origin)
    expect(local.userAgent?.stateMarker).toBeUndefined()
  })

  it('keeps local sessions for other pages, tab sessions for this tab, and memory for nobody', async () => {
    for (const [persistence, elsewhere, afterReload] of [
      ['local', 1, 1],
      ['session', undefined, 1],
      ['memory', undefined, undefined],
    ] as const) {
      const key = persistence
      const opened = async () => {
        const { browserPlatform, kept } = await realm()
        return browserPlatform(kept[persistence])!.store
      }
      await (await opened()).swap(key, undefined, 1)
      expect((await (await opened()).get(key))?.value).toBe(afterReload)
      sessionStorage.clear()
      expect((await (await opened()).get(key))?.value).toBe(elsewhere)
    }
  })

  it('STO-09: works with nothing at all, and tells also those who ask late what is lacking', async () => {
    const denied = () => {
      throw new DOMException('opaque origin', 'SecurityError')
    }
    vi.stubGlobal('indexedDB', { open: denied })
    vi.stubGlobal('sessionStorage', { getItem: denied })
    vi.stubGlobal('BroadcastChannel', undefined)
    vi.stubGlobal('navigator', { locks: { request: async () => denied() } })
    for (const persistence of ['local', 'session'] as const) {
      const { browserPlatform, kept } = await realm()
      const platform = browserPlatform(kept[persistence])!
      const heard: string[] = []
      const undo = platform.onDegraded!((step) => heard.push(step))
      expect(heard).toEqual([])
      expect(await platform.store.swap('k', undefined, 1)).toBe(true)
      expect(heard).toEqual(['store_unavailable'])
      undo()
      const { signal } = new AbortController()
      expect(await platform.lock.request('n', { signal }, async () => 7)).toBe(7)
      platform.channel.post('n', 1)
      platform.channel.subscribe('n', () => {})
      const late: string[] = []
      browserPlatform(kept[persistence])!.onDegraded!((step) => late.push(step))
      expect(late).toEqual(['store_unavailable', 'lock_unavailable', 'channel_unavailable'])
      expect(heard).toEqual(['store_unavailable'])
    }
  })

  it('is not there on a server, and importing it needs nothing', async () => {
    for (const name of ['window', 'document', 'indexedDB', 'location', 'navigator']) vi.stubGlobal(name, undefined)
    const { browserPlatform } = await realm()
    expect(browserPlatform({})).toBeUndefined()
  })

  it('is there in a worker, without a way to sign in but one that is given', async () => {
    for (const name of ['window', 'document', 'sessionStorage']) vi.stubGlobal(name, undefined)
    const { browserPlatform } = await realm()
    const platform = browserPlatform({})!
    expect(platform.userAgent).toBeUndefined()
    expect(platform.lifecycle.isVisible()).toBe(true)
    platform.lifecycle.subscribe(() => {})()
    expect(await platform.store.swap('k', undefined, 1)).toBe(true)
    const userAgent = { authorize: async () => '', callbackUrl: () => undefined }
    expect(browserPlatform({ userAgent })!.userAgent).toBe(userAgent)
  })

  it('keeps a session of one tab in memory where there is no tab, and says so', async () => {
    for (const name of ['window', 'document', 'sessionStorage']) vi.stubGlobal(name, undefined)
    const { browserPlatform, kept } = await realm()
    const platform = browserPlatform(kept.session)!
    const heard: string[] = []
    platform.onDegraded!((step) => heard.push(step))
    expect(await platform.store.swap('k', undefined, 1)).toBe(true)
    expect(heard).toContain('store_unavailable')
  })

  it('looks fetch up when it is called', async () => {
    const { browserPlatform, kept } = await realm()
    const platform = browserPlatform(kept.memory)!
    const fetch = vi.fn(async () => new Response('later'))
    vi.stubGlobal('fetch', fetch)
    await platform.fetch('https://api.example.com/', { method: 'POST' })
    expect(fetch).toHaveBeenCalledWith('https://api.example.com/', { method: 'POST' })
  })
})

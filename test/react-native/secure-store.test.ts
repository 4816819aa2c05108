import { describe, expect, it } from 'vitest'
import { type InstallMarker, secureStore } from '../../src/react-native/index.ts'
import { storeContract } from '../contracts/store.ts'
import { Killed, killableKeychain, type Replacement } from './killable-keychain.ts'

const KEY = 'session'

storeContract('secureStore', async () => {
  const items = killableKeychain().start()
  return { contexts: [secureStore(items), secureStore(items, { partSize: 200 })] }
})

/** Storage that goes with the app. */
function asyncStorage(): InstallMarker & { clear(): void } {
  const rows = new Map<string, string>()
  return {
    getItem: async (key) => rows.get(key) ?? null,
    setItem: async (key, value) => void rows.set(key, value),
    clear: () => rows.clear(),
  }
}

const record = (n: number, size: number) => ({ n, refreshToken: `refresh-${n}`, pad: `${n}ü😀"`.repeat(size) })
const replacements: readonly Replacement[] = ['at once', 'remove, then add']

describe('STO-05: an app that is killed before any step of a write', () => {
  for (const replacement of replacements) {
    for (const size of [0, 1, 200, 1_000, 3_400]) {
      it(`leaves the old value or the new one, whole (replaced ${replacement}, ${size * 6} characters)`, async () => {
        const written = killableKeychain()
        const first = secureStore(written.start({ replacement }))
        await first.swap(KEY, undefined, record(1, size))
        await first.swap(KEY, (await first.get(KEY))?.tag, record(2, size))
        const before = await first.get(KEY)

        for (let steps = 0; ; steps++) {
          const keychain = killableKeychain(written.items)
          const life = keychain.start({ replacement, steps })
          const killed = await secureStore(life)
            .swap(KEY, before?.tag, record(3, size))
            .then(
              () => false,
              (error: unknown) => error instanceof Killed,
            )

          const next = secureStore(keychain.start({ replacement }))
          const found = await next.get(KEY)
          expect([record(2, size), record(3, size)]).toContainEqual(found?.value)
          if (!killed) expect(found?.value).toEqual(record(3, size))

          expect(await next.swap(KEY, found?.tag, record(4, size))).toBe(true)
          expect((await secureStore(keychain.start()).get(KEY))?.value).toEqual(record(4, size))
          if (!killed && life.stepsMade < steps) break
        }
      })
    }
  }
})

describe('STO-05: what an app that was killed has written', () => {
  /** The items with something of the value that the killed app wrote. */
  const remains = (keychain: ReturnType<typeof killableKeychain>) =>
    [...keychain.items].filter(([, text]) => text.includes('3\\u00fc')).map(([name]) => name)

  /** A keychain with a short value, after an app was killed `steps` steps into writing a long one. */
  async function killedAfter(steps: number) {
    const keychain = killableKeychain()
    const first = secureStore(keychain.start(), { partSize: 200 })
    await first.swap(KEY, undefined, record(1, 1))
    const { tag } = (await first.get(KEY)) ?? {}
    const dying = secureStore(keychain.start({ steps }), { partSize: 200 })
    await expect(dying.swap(KEY, tag, record(3, 60))).rejects.toBeInstanceOf(Killed)
    return keychain
  }

  it.each([1, 2, 3, 4, 5])('is gone after the next write, if it was %i parts without a head', async (steps) => {
    const keychain = await killedAfter(steps)
    expect(remains(keychain)).toHaveLength(steps)

    const next = secureStore(keychain.start(), { partSize: 200 })
    await next.swap(KEY, (await next.get(KEY))?.tag, record(2, 1))
    expect([...keychain.items.keys()]).toEqual(['tokenward.session.b'])
  })

  it('is gone after the write after that, if the next one was killed while it removed them', async () => {
    for (let steps = 0; steps < 5; steps++) {
      const keychain = await killedAfter(5)
      const { tag } = (await secureStore(keychain.start()).get(KEY)) ?? {}
      const dying = secureStore(keychain.start({ steps }), { partSize: 200 })
      await expect(dying.swap(KEY, tag, undefined)).rejects.toBeInstanceOf(Killed)

      const next = secureStore(keychain.start(), { partSize: 200 })
      expect(await next.swap(KEY, tag, record(2, 1))).toBe(true)
      expect([...keychain.items.keys()]).toEqual(['tokenward.session.b'])
    }
  })

  it('is gone although an older version wrote a shorter value over its first part', async () => {
    const keychain = killableKeychain()
    const store = secureStore(keychain.start(), { partSize: 200 })
    await store.swap(KEY, undefined, record(1, 12))
    const parts = [...keychain.items.keys()].filter((name) => /a\d$/.test(name))
    expect(parts).toEqual(['tokenward.session.a1'])
    for (const part of [2, 3]) await keychain.start().set(`tokenward.session.a${part}`, '3\\u00fc')

    await store.swap(KEY, (await store.get(KEY))?.tag, record(2, 1))
    expect([...keychain.items.keys()]).toEqual(['tokenward.session.b'])
  })
})

describe('what a phone does to a keychain', () => {
  it('a keychain that says yes and writes nothing is found out, and the old value is still there', async () => {
    let deaf = false
    const keychain = killableKeychain()
    const store = secureStore(keychain.start({ isDeaf: () => deaf }))
    await store.swap(KEY, undefined, record(1, 10))
    const { tag } = (await store.get(KEY)) ?? {}

    deaf = true
    await expect(store.swap(KEY, tag, record(2, 10))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    expect((await store.get(KEY))?.value).toEqual(record(1, 10))
  })

  it('what is written takes the place of what was: nothing spent lies around', async () => {
    const keychain = killableKeychain()
    const store = secureStore(keychain.start(), { partSize: 200 })
    await store.swap(KEY, undefined, record(1, 200))
    await store.swap(KEY, (await store.get(KEY))?.tag, record(2, 2))
    expect([...keychain.items.values()].join()).not.toContain('refresh-1')

    await store.swap(KEY, (await store.get(KEY))?.tag, undefined)
    expect([...keychain.items.values()].join()).not.toContain('refresh-')
  })

  it('a value whose parts are gone is there and cannot be read, and can be replaced', async () => {
    const keychain = killableKeychain()
    const store = secureStore(keychain.start(), { partSize: 200 })
    await store.swap(KEY, undefined, record(1, 200))
    const part = [...keychain.items.keys()].find((name) => name.endsWith('.a2')) ?? ''
    await keychain.start().delete(part)

    const torn = await store.get(KEY)
    expect(torn).toMatchObject({ value: undefined })
    expect(await store.swap(KEY, torn?.tag, record(2, 1))).toBe(true)
    expect((await store.get(KEY))?.value).toEqual(record(2, 1))
  })

  it('two stores on one keychain do not write between each other’s steps', async () => {
    const keychain = killableKeychain()
    const stores = [secureStore(keychain.start()), secureStore(keychain.start())]
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, n) => stores[n % 2]?.swap(KEY, undefined, record(n, 500))),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
  })

  it('bad options are told at once', () => {
    const items = killableKeychain().start()
    expect(() => secureStore(items, { partSize: 10 })).toThrow('partSize has to be 200 to 100000')
    expect(() => secureStore(items, { afterReinstall: 'ask' as 'keep' })).toThrow("'forget' or 'keep'")
  })
})

describe('an app that was removed and installed again', () => {
  it('forgets what the earlier installation left in the keychain, all of it', async () => {
    const keychain = killableKeychain()
    const marker = asyncStorage()
    await secureStore(keychain.start(), { marker, partSize: 200 }).swap(KEY, undefined, record(1, 200))
    expect((await secureStore(keychain.start(), { marker }).get(KEY))?.value).toEqual(record(1, 200))

    marker.clear()
    expect(await secureStore(keychain.start(), { marker }).get(KEY)).toBeUndefined()
    expect(keychain.items.size).toBe(0)
  })

  it('keeps it where that was asked for', async () => {
    const keychain = killableKeychain()
    const marker = asyncStorage()
    await secureStore(keychain.start(), { marker }).swap(KEY, undefined, record(1, 1))
    marker.clear()
    const store = secureStore(keychain.start(), { marker, afterReinstall: 'keep' })
    expect((await store.get(KEY))?.value).toEqual(record(1, 1))
  })

  it('keeps a session that an older version of the app wrote without a marker', async () => {
    const keychain = killableKeychain()
    await secureStore(keychain.start()).swap(KEY, undefined, record(1, 1))
    expect((await secureStore(keychain.start(), { marker: asyncStorage() }).get(KEY))?.value).toEqual(record(1, 1))
  })

  it('removes nothing when the marker cannot be read', async () => {
    const keychain = killableKeychain()
    const marker = asyncStorage()
    await secureStore(keychain.start(), { marker }).swap(KEY, undefined, record(1, 1))
    const broken = { ...marker, getItem: () => Promise.reject(new Error('no storage')) }
    await expect(secureStore(keychain.start(), { marker: broken }).get(KEY)).rejects.toThrow('no storage')
    expect((await secureStore(keychain.start(), { marker }).get(KEY))?.value).toEqual(record(1, 1))
  })
})

import { describe, expect, it } from 'vitest'
import {
  type ExpoItemOptions,
  type ExpoSecureStore,
  expoItems,
  keychainItems,
  type SecureItems,
} from '../../src/react-native/index.ts'

type Failure = { readonly message: string; readonly code?: string } | undefined

/** expo-secure-store over a map, as far as its own JavaScript goes: names are checked, options reach the native side. */
function expoSecureStore(failure: () => Failure = () => undefined) {
  const rows = new Map<string, string>()
  const seen: ExpoItemOptions[] = []
  const call = <T>(name: string, options: ExpoItemOptions | undefined, run: () => T): Promise<T> => {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`Invalid key provided to SecureStore: ${name}`)
    seen.push(options ?? {})
    const failed = failure()
    return failed ? Promise.reject(Object.assign(new Error(failed.message), failed)) : Promise.resolve(run())
  }
  const module: ExpoSecureStore = {
    AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 3,
    getItemAsync: (name, options) => call(name, options, () => rows.get(name) ?? null),
    setItemAsync: (name, text, options) => call(name, options, () => void rows.set(name, text)),
    deleteItemAsync: (name, options) => call(name, options, () => void rows.delete(name)),
  }
  return { module, seen, rows }
}

/** react-native-keychain over a map. */
function keychain(failure: () => Failure = () => undefined) {
  const rows = new Map<string, string>()
  const accessible: unknown[] = []
  const call = <T>(run: () => T): Promise<T> => {
    const failed = failure()
    return failed ? Promise.reject(Object.assign(new Error(failed.message), failed)) : Promise.resolve(run())
  }
  const module = {
    ACCESSIBLE: { AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 'AccessibleAfterFirstUnlockThisDeviceOnly' },
    getGenericPassword: ({ service }: { service: string }) =>
      call(() => {
        const password = rows.get(service)
        return password === undefined ? (false as const) : { username: 'tokenward', password, service }
      }),
    setGenericPassword: (_: string, text: string, options: { service: string; accessible: string }) =>
      call(() => {
        accessible.push(options.accessible)
        rows.set(options.service, text)
        return { service: options.service }
      }),
    resetGenericPassword: ({ service }: { service: string }) => call(() => rows.delete(service)),
  }
  return { module, rows, accessible }
}

const adapters: Readonly<Record<string, (failure: () => Failure) => SecureItems>> = {
  expoItems: (failure) => expoItems(expoSecureStore(failure).module),
  keychainItems: (failure) => keychainItems(keychain(failure).module),
}

for (const [name, create] of Object.entries(adapters)) {
  describe(name, () => {
    it('reads, writes and removes', async () => {
      const items = create(() => undefined)
      expect(await items.get('tokenward.a')).toBeNull()
      await items.set('tokenward.a', 'text')
      expect(await items.get('tokenward.a')).toBe('text')
      await items.delete('tokenward.a')
      await items.delete('tokenward.a')
      expect(await items.get('tokenward.a')).toBeNull()
    })

    for (const failure of [
      { message: 'User interaction is not allowed.' },
      { message: 'The operation couldn’t be completed. (OSStatus error -25308.)' },
      { message: 'refused', code: '-25308' },
    ]) {
      it(`a locked device is a passing state: ${failure.message} ${failure.code ?? ''}`, async () => {
        const items = create(() => failure)
        const locked = { code: 'ERR_STORE_FAILED', reason: 'storage_locked' }
        await expect(items.get('a')).rejects.toMatchObject(locked)
        await expect(items.set('a', '')).rejects.toMatchObject(locked)
        await expect(items.delete('a')).rejects.toMatchObject(locked)
      })
    }

    it('an item of a backup whose key stayed on the old phone is one that can never be read', async () => {
      const failure = {
        message: 'Could not decrypt the value with the provided keychain: javax.crypto.AEADBadTagException',
      }
      expect(await create(() => failure).get('a')).toBe('')
    })

    it('any other failure is one, and what it says stays out of the error', async () => {
      const items = create(() => ({ message: 'disk full while writing canary-secret' }))
      const failure = await items.set('a', 'canary-secret').catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'store_failed' })
      expect(`${failure} ${JSON.stringify(failure)} ${String((failure as Error).cause)}`).not.toContain('canary')
    })
  })
}

it('STO-12: expoItems: after the first unlock, on this device only, in a class of their own from the first write', async () => {
  const { module, seen } = expoSecureStore()
  const items = expoItems(module)
  await items.set('tokenward.a', 'text')
  await items.get('tokenward.a')
  expect(new Set(seen.map((options) => JSON.stringify(options)))).toEqual(
    new Set([JSON.stringify({ keychainService: 'tokenward', keychainAccessible: 3 })]),
  )
})

it('STO-12: keychainItems: after the first unlock, on this device only; the service begins their names', async () => {
  const { module, accessible, rows } = keychain()
  await keychainItems(module, { service: 'com.example.app' }).set('tokenward.a', 'text')
  expect(accessible).toEqual(['AccessibleAfterFirstUnlockThisDeviceOnly'])
  expect([...rows.keys()]).toEqual(['com.example.app.tokenward.a'])
})

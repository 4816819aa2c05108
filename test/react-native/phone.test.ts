import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  authSession,
  type ExpoSecureStore,
  type ReactNativeTokenManagerOptions,
  type SecureItems,
  type TokenManager,
} from '../../src/react-native/index.ts'
import { type ManualClock, manualClock, scriptedAuthorizationServer } from '../../src/testing/index.ts'
import { type KillableKeychain, killableKeychain, type Replacement } from './killable-keychain.ts'

const REDIRECT = 'com.example.app:/callback'

interface Phone {
  readonly clock: ManualClock
  readonly server: ReturnType<typeof scriptedAuthorizationServer>
  readonly keychain: KillableKeychain
}

function phone(): Phone {
  const clock = manualClock()
  return { clock, keychain: killableKeychain(), server: scriptedAuthorizationServer(clock.now) }
}

/** One life of the app: after its last native step it hears and does nothing any more. */
function life({ keychain, server }: Phone, replacement: Replacement, steps = Infinity) {
  let made = 0
  const dead = () => made >= steps
  const never = () => new Promise<never>(() => {})
  const step = async <T>(run: () => T | Promise<T>): Promise<T> => {
    if (dead()) return never()
    made++
    return run()
  }
  const inner = keychain.start()
  const items: SecureItems = {
    keychain: {},
    get: (name) => (dead() ? never() : inner.get(name)),
    async set(name, text) {
      if (replacement === 'remove, then add' && keychain.items.has(name)) await step(() => inner.delete(name))
      await step(() => inner.set(name, text))
    },
    delete: (name) => step(() => inner.delete(name)),
  }
  const fetch: typeof server.fetch = async (input, init) => {
    const answer = await step(() => server.fetch(input, init))
    return step(() => answer)
  }
  return { items, fetch, dead }
}

const managers = new Set<TokenManager>()

afterEach(() => {
  for (const manager of managers) manager.dispose()
  managers.clear()
})

/** The keychain as the native module of expo-secure-store. */
function nativeModule(items: SecureItems): ExpoSecureStore {
  return {
    AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 3,
    getItemAsync: (name) => items.get(name),
    setItemAsync: (name, text) => items.set(name, text),
    deleteItemAsync: (name) => items.delete(name),
  }
}

/** A start of the app: its JavaScript is loaded anew, and knows nothing of what was in memory before. */
async function app(
  on: Phone,
  given: Partial<ReactNativeTokenManagerOptions> & { items?: SecureItems } = {},
): Promise<TokenManager> {
  const { items = on.keychain.start(), ...options } = given
  vi.resetModules()
  const { appLifecycle, createTokenManager, expoItems, secureStore } = await import('../../src/react-native/index.ts')
  const manager = createTokenManager({
    issuer: on.server.issuer,
    clientId: 'app',
    redirectUri: REDIRECT,
    scope: 'notes',
    resources: ['https://api.example.com/'],
    store: secureStore(expoItems(nativeModule(items))),
    lifecycle: appLifecycle({ currentState: 'active', addEventListener: () => ({ remove() {} }) }),
    randomBytes: (length) => randomBytes(length),
    clock: on.clock,
    fetch: on.server.fetch,
    ...options,
  })
  managers.add(manager)
  return manager
}

/** Lets virtual time go by until `promise` is settled. */
async function settled<T>(
  clock: ManualClock,
  promise: Promise<T>,
  limit: number,
): Promise<{ value: T; after: number }> {
  const began = clock.elapsed()
  let result: { value: T } | { error: unknown } | undefined
  promise.then(
    (value) => {
      result = { value }
    },
    (error: unknown) => {
      result = { error }
    },
  )
  await clock.advance(0)
  while (!result && clock.elapsed() - began < limit) await clock.advance(50)
  if (!result) throw new Error(`Nothing came of it within ${limit} ms`)
  if ('error' in result) throw result.error
  return { value: result.value, after: clock.elapsed() - began }
}

async function signedIn(on: Phone): Promise<void> {
  const first = await app(on)
  const tokens = on.server.issue()
  await settled(on.clock, first.adopt({ ...tokens, expiresAt: on.clock.now() + 1_000 }), 5_000)
  first.dispose()
  await on.clock.advance(2_000)
}

describe('an app that is killed at any native step of a refresh', () => {
  for (const replacement of ['at once', 'remove, then add'] as const) {
    it(`has a token within 1.5 s of its next start, or says that the outcome is unknown (replaced ${replacement})`, async () => {
      let killed = 0
      for (let steps = 0; ; steps++) {
        const on = phone()
        await signedIn(on)
        const { items, fetch, dead } = life(on, replacement, steps)
        const dying = await app(on, { items, fetch })
        dying.getAccessToken().catch(() => {})
        await on.clock.advance(0)
        await on.clock.advance(10)
        const wasKilled = dead()
        dying.dispose()

        const next = await app(on)
        const outcome = await settled(on.clock, next.getAccessToken(), 20_000).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toMatchObject({ reason: 'outcome_unknown' })
        else expect((outcome as { after: number }).after).toBeLessThanOrEqual(1_500)
        expect(on.server.overlap).toBeLessThanOrEqual(1)
        next.dispose()
        if (!wasKilled) break
        killed++
      }
      expect(killed).toBeGreaterThan(4)
    })
  }
})

describe('a keychain that is locked when the app starts in the background', () => {
  function lockedPhone() {
    const on = phone()
    let locked = true
    return { on, items: () => on.keychain.start({ isLocked: () => locked }), unlock: () => (locked = false) }
  }

  it('is no sign-out: the state stays loading and calls say that it passes', async () => {
    const { on, items } = lockedPhone()
    await signedIn(on)
    const manager = await app(on, { items: items() })
    const states: string[] = []
    manager.subscribe(({ status }) => states.push(status))

    expect((await settled(on.clock, manager.ready(), 1_000)).value.status).toBe('loading')
    const failure = await settled(on.clock, manager.getAccessToken(), 1_000).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'storage_locked' })
    await on.clock.advance(10_000)
    expect(new Set(states)).toEqual(new Set(['loading']))
  })

  it('is read again by itself once it opens, and the session is there', async () => {
    const { on, items, unlock } = lockedPhone()
    await signedIn(on)
    const manager = await app(on, { items: items() })
    await settled(on.clock, manager.ready(), 1_000)

    unlock()
    await on.clock.advance(1_100)
    expect(manager.state.status).toBe('signedIn')
    expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.type).toBe('Bearer')
  })

  it('removes nothing', async () => {
    const { on, items } = lockedPhone()
    await signedIn(on)
    const before = [...on.keychain.items]
    const manager = await app(on, { items: items() })
    await settled(on.clock, manager.getAccessToken(), 1_000).catch(() => {})
    expect([...on.keychain.items]).toEqual(before)
  })
})

describe('signing in through the browser', () => {
  function links(initialUrl: string | null = null) {
    const listeners = new Set<(event: { url: string }) => void>()
    return {
      getInitialURL: async () => initialUrl,
      addEventListener(_: 'url', listener: (event: { url: string }) => void) {
        listeners.add(listener)
        return { remove: () => void listeners.delete(listener) }
      },
      follow(url: string) {
        for (const listener of [...listeners]) listener({ url })
      },
    }
  }

  /** A browser in which the person says yes; what comes of it is told when the test says so. */
  function browser(on: Phone) {
    let answer = ''
    return {
      openAuthSessionAsync: (url: string) => {
        answer = on.server.authorize(url)
        return new Promise<never>(() => {})
      },
      answer: () => answer,
    }
  }

  it('works, and the answer is no session twice', async () => {
    const on = phone()
    const web = browser(on)
    const linking = links()
    const manager = await app(on, { userAgent: authSession(web, linking, { clock: on.clock }) })
    const signingIn = manager.signIn()
    await on.clock.advance(0)
    linking.follow(web.answer())
    expect((await settled(on.clock, signingIn, 5_000)).value.status).toBe('signedIn')
    expect(on.server.requests).toHaveLength(1)
  })

  it('survives the death of the app while the person is away: the redirect starts it anew', async () => {
    const on = phone()
    const web = browser(on)
    const first = await app(on, { userAgent: authSession(web, links(), { clock: on.clock }) })
    first.signIn().catch(() => {})
    await on.clock.advance(0)
    first.dispose()

    const second = await app(on, { userAgent: authSession(web, links(web.answer()), { clock: on.clock }) })
    expect((await settled(on.clock, second.ready(), 5_000)).value.status).toBe('signedIn')
  })

  it('a redirect that comes after the browser was closed completes it all the same', async () => {
    const on = phone()
    const web = browser(on)
    const linking = links()
    const closing = {
      openAuthSessionAsync: (url: string) => {
        void web.openAuthSessionAsync(url)
        return Promise.resolve({ type: 'dismiss' })
      },
    }
    const manager = await app(on, { userAgent: authSession(closing, linking, { clock: on.clock }) })
    const failure = await settled(on.clock, manager.signIn(), 5_000).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    expect(manager.state.status).toBe('signedOut')

    await on.clock.advance(60_000)
    linking.follow(web.answer())
    await on.clock.advance(10)
    expect(manager.state.status).toBe('signedIn')
  })
})

it('asks for what is native, and says how to hand it in', async () => {
  const on = phone()
  await expect(app(on, { randomBytes: undefined as never })).rejects.toThrow('getRandomBytes of expo-crypto')
  await expect(app(on, { store: {} as never })).rejects.toThrow('store')
})

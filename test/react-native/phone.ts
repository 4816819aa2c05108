import { randomBytes } from 'node:crypto'
import { afterEach, vi } from 'vitest'
import type {
  AppStateLike,
  ExpoSecureStore,
  InstallMarker,
  ReactNativeTokenManagerOptions,
  SecureItems,
  TokenManager,
} from '../../src/react-native/index.ts'
import { type ManualClock, manualClock, scriptedAuthorizationServer } from '../../src/testing/index.ts'
import { type KillableKeychain, killableKeychain, type Replacement } from './killable-keychain.ts'

const REDIRECT = 'com.example.app:/callback'

/** A phone: what outlives each life of the app, and the server it speaks to. */
export interface Phone {
  readonly clock: ManualClock
  readonly server: ReturnType<typeof scriptedAuthorizationServer>
  readonly keychain: KillableKeychain
}

/** A phone on which nobody was ever signed in. `word` begins every token. */
export function phone(word?: string): Phone {
  const clock = manualClock()
  return { clock, keychain: killableKeychain(), server: scriptedAuthorizationServer(clock.now, word) }
}

/** One life of the app: after its last native step it hears and does nothing any more. */
export function life({ keychain, server }: Phone, replacement: Replacement, steps = Infinity) {
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

/** `AppState`, and what moves it. */
export function appState(currentState = 'active') {
  const listeners = new Set<(state: string) => void>()
  const state = {
    currentState,
    addEventListener(_: 'change', listener: (state: string) => void) {
      listeners.add(listener)
      return { remove: () => void listeners.delete(listener) }
    },
  }
  const move = (next: string) => {
    state.currentState = next
    for (const listener of [...listeners]) listener(next)
  }
  return { state, move }
}

/** What {@link app} takes beside the options of the manager. */
export type AppOptions = Partial<ReactNativeTokenManagerOptions> & {
  readonly items?: SecureItems
  readonly marker?: InstallMarker
  readonly state?: AppStateLike
}

/** A start of the app: its JavaScript is loaded anew, and knows nothing of what was in memory before. */
export async function app(on: Phone, given: AppOptions = {}): Promise<TokenManager> {
  vi.resetModules()
  return another(on, given)
}

/** A further manager in the same life of the app. */
export async function another(on: Phone, given: AppOptions = {}): Promise<TokenManager> {
  const { items = on.keychain.start(), marker, state = appState().state, ...options } = given
  const { appLifecycle, createTokenManager, expoItems, secureStore } = await import('../../src/react-native/index.ts')
  const manager = createTokenManager({
    issuer: on.server.issuer,
    clientId: 'app',
    redirectUri: REDIRECT,
    scope: 'notes',
    resources: ['https://api.example.com/'],
    store: secureStore(expoItems(nativeModule(items)), marker ? { marker } : {}),
    lifecycle: appLifecycle(state),
    randomBytes: (length) => randomBytes(length),
    clock: on.clock,
    fetch: on.server.fetch,
    ...options,
  })
  managers.add(manager)
  return manager
}

/** Lets virtual time go by until `promise` is settled. */
export async function settled<T>(
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

/** Signs somebody in whose access token has expired since; the app is not running then. */
export async function signedIn(on: Phone, given: AppOptions = {}): Promise<void> {
  const first = await app(on, given)
  const tokens = on.server.issue()
  await settled(on.clock, first.adopt({ ...tokens, expiresAt: on.clock.now() + 1_000 }), 5_000)
  first.dispose()
  await on.clock.advance(2_000)
}

/** `Linking`, and a person who follows links. */
export function links(initialUrl: string | null = null) {
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
export function browser(on: Phone) {
  let answer = ''
  return {
    openAuthSessionAsync: (url: string) => {
      answer = on.server.authorize(url)
      return new Promise<never>(() => {})
    },
    answer: () => answer,
  }
}

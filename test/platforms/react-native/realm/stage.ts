import {
  createTokenManager,
  type P256,
  type ReactNativeTokenManagerOptions,
  type TokenManager,
} from 'tokenward/react-native'
import { realm } from './realm.ts'
import { ISSUER, metadata, NOTES, type Servers, servers } from './servers.ts'

/** What an app is made of, on its own kind of phone. */
export interface AppParts {
  /** The `fetch` that sends files. */
  readonly fileFetch: NonNullable<ReactNativeTokenManagerOptions['fetch']>
  readonly parts: () => Pick<ReactNativeTokenManagerOptions, 'store' | 'userAgent' | 'lifecycle' | 'randomBytes'>
  readonly p256: P256
}

/** The stage of one step. */
export interface Stage {
  readonly server: Servers
  /** Starts the app, with `options` beside its own. */
  app(options?: Partial<ReactNativeTokenManagerOptions>): TokenManager
  /** An app with a session whose access token has expired. */
  signedIn(options?: Partial<ReactNativeTokenManagerOptions>): Promise<TokenManager>
}

/** What a person does who says yes, and how their phone tells it. */
const people: Readonly<Record<'android' | 'ios', (server: Servers) => (url: string) => void>> = {
  android: (server) => (url) => {
    const { phone, time } = realm()
    phone.emit('appStateDidChange', { app_state: 'background' })
    time.setTimeout(() => phone.emit('appStateDidChange', { app_state: 'active' }), 2_000)
    // The app comes to the front a moment before it hears where the person came back to.
    time.setTimeout(() => phone.emit('url', { url: server.authorize(url) }), 2_005)
  },
  // The browser itself says where the person came back to.
  ios: (server) => (url) => {
    const { phone, time } = realm()
    time.setTimeout(() => phone.closeBrowser({ type: 'success', url: server.authorize(url) }), 2_000)
  },
}

/** An empty phone, and servers of its own. `end` says what was handed to the native side. */
export function openStage({ parts }: AppParts) {
  const { phone } = realm()
  const server = servers()
  const managers: TokenManager[] = []
  phone.keychain.clear()
  for (const list of [phone.handed, phone.opened, phone.written]) list.length = 0
  phone.initialUrl = null
  phone.network = server.answer
  phone.person = people[phone.os](server)

  function app(options: Partial<ReactNativeTokenManagerOptions> = {}) {
    const manager = createTokenManager({
      issuer: ISSUER,
      clientId: 'app',
      redirectUri: 'com.example.app:/callback',
      scope: 'notes',
      resources: [NOTES],
      ...parts(),
      ...options,
    })
    managers.push(manager)
    return manager
  }

  async function signedIn(options?: Partial<ReactNativeTokenManagerOptions>) {
    const manager = app({ metadata, ...options })
    await manager.adopt({ accessToken: 'at-0', refreshToken: 'rt-0', expiresAt: Date.now() - 1_000 })
    return manager
  }

  function end() {
    for (const manager of managers) manager.dispose()
    const { handed, opened, written, keychain } = phone
    return { handed, opened, written, items: [...keychain.keys()], reuse: server.reuse }
  }

  return { stage: { server, app, signedIn }, end }
}

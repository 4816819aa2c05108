import { TokenManagerError } from '../errors.ts'
import { noChannel } from '../in-process/no-channel.ts'
import { queueLock } from '../in-process/queue-lock.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { createTokenManager as create } from '../manager/create-token-manager.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Crypto, Fetch, Lifecycle, Store } from '../ports.ts'
import { withoutRequest, withVisibleRedirects } from './native-fetch.ts'
import { ownText } from './own-text.ts'
import { allowAnyScheme, checkRedirectUri } from './redirect-uri.ts'
import { sha256 } from './sha256.ts'

/** Options of React Native's `createTokenManager`. The app gives the native modules. */
export interface ReactNativeTokenManagerOptions extends TokenManagerOptions {
  /**
   * Where the person comes back to after the sign-in, exactly as registered. It is an https link that the app has claimed (a universal link or
   * an app link), or a URI whose scheme is a domain of yours in reverse, such as `com.example.app:/callback`. `signIn()` needs it. Default:
   * none.
   */
  readonly redirectUri?: string
  /** Whether `redirectUri` may have any scheme. Default false. */
  readonly [allowAnyScheme]?: boolean
  /** Where the session is stored: `secureStore(expoItems(SecureStore))`. Use one store for the whole app. */
  readonly store: Store<unknown>
  /** Tells when the app goes to the background and comes back: `appLifecycle(AppState)`. */
  readonly lifecycle: Lifecycle
  /**
   * Returns `length` cryptographically strong random bytes, synchronously: `getRandomBytes` of expo-crypto, or
   * `(length) => crypto.getRandomValues(new Uint8Array(length))` with react-native-get-random-values.
   */
  readonly randomBytes: (length: number) => Uint8Array
}

// Only one process of the app uses the store. So whatever an earlier process was doing under this lock has ended.
const lock = queueLock({ spans: 'store' })

// The global `fetch` is read at each request, because Expo replaces it after this file is loaded.
const platformFetch: Fetch = (input, init) => fetch(input, init)

/**
 * Makes the manager of one session on a phone. It does no I/O and starts no timer before it is used. Make it once, outside of the components.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager({
  randomBytes,
  fetch = platformFetch,
  ...options
}: ReactNativeTokenManagerOptions): TokenManager {
  if (typeof randomBytes !== 'function')
    throw new TokenManagerError(
      'ERR_INVALID_OPTION',
      'invalid_option',
      'Option randomBytes has to be a function that gives that many strong random bytes at once: getRandomBytes of expo-crypto',
    )

  const crypto: Crypto = {
    // A copy, because some modules return a view of memory that they use again.
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    sha256: async (data) => sha256(data),
  }
  const manager = create(options, {
    fetch: withVisibleRedirects(fetch),
    lock,
    channel: noChannel,
    clock: systemClock,
    crypto,
    text: ownText,
    store: options.store,
    lifecycle: options.lifecycle,
  })
  checkRedirectUri(options.redirectUri, options[allowAnyScheme] === true)

  const { fetch: authorized } = manager
  return Object.assign(manager, {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => authorized(...withoutRequest(input, init)),
  })
}

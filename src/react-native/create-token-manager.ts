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

/** Options of React Native's `createTokenManager`. What is native is handed in. */
export interface ReactNativeTokenManagerOptions extends TokenManagerOptions {
  /**
   * Where the person comes back to after sign-in, exactly as registered: an https link that the app has claimed (a universal link, an app
   * link), or a URI of a scheme that is a domain of yours in reverse, such as `com.example.app:/callback`. Needed by `signIn()`.
   */
  readonly redirectUri?: string
  /** Allows a `redirectUri` with any scheme. */
  readonly [allowAnyScheme]?: boolean
  /** Where the session lies: `secureStore(expoItems(SecureStore))`. One for the app. */
  readonly store: Store<unknown>
  /** The life of the app: `appLifecycle(AppState)`. */
  readonly lifecycle: Lifecycle
  /**
   * The phone's strong random bytes, synchronous: `getRandomBytes` of expo-crypto, or
   * `(length) => crypto.getRandomValues(new Uint8Array(length))` with react-native-get-random-values.
   */
  readonly randomBytes: (length: number) => Uint8Array
}

// The one process of the app owns what it stores: whatever an earlier one left under this lock is over.
const lock = queueLock({ spans: 'store' })

// Looked up when it is used: Expo puts another one in its place.
const platformFetch: Fetch = (input, init) => fetch(input, init)

/**
 * A manager for one session on a phone. Does no I/O and starts nothing before it is used. Make it once, outside of the components.
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
    // A copy: some modules give a view of memory that is theirs.
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

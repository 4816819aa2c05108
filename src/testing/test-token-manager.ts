import { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { EpochMs } from '../ports.ts'
import { type AccessToken, accessToken, authorizationHeader } from '../protocol/access-token.ts'
import type { IdTokenClaims } from '../protocol/id-token.ts'
import { authorizedFetch, notAllowed } from '../requests/authorized-fetch.ts'
import { type Match, type ResourceOption, resourceMatcher } from '../requests/resource-matcher.ts'
import type { TokenManagerEvent, TokenManagerEvents, TokenManagerEventType } from '../session/events.ts'
import { listenerSet } from '../session/listener-set.ts'
import type { SessionState } from '../session/state.ts'

/**
 * A state for a {@link TestTokenManager}: one of four names, or a whole {@link SessionState}. `'suspended'` means signed in with
 * `health: 'suspended'`: the server cannot be reached. `'signedOut'` has the reason `none`.
 */
export type TestState = 'loading' | 'signedOut' | 'signedIn' | 'suspended' | SessionState

/** Options of {@link createTestTokenManager}. All of them are optional. */
export interface TestTokenManagerOptions {
  /** The state at the start. Default `'signedIn'`. */
  readonly state?: TestState
  /**
   * Claims of the person who is signed in, for the states `'signedIn'` and `'suspended'`. They are added to `iss`, `sub`, `aud`, `iat` and
   * `exp`, or replace them. Default: `sub` is `'test-user'`.
   */
  readonly claims?: Partial<IdTokenClaims>
  /** The scope that was granted: names with a space between them. Default: empty. */
  readonly scope?: string
  /** The text of the first access token. After each refresh the text ends with a number: `-1`, `-2`, … Default `'test-access-token'`. */
  readonly accessToken?: string
  /** Answers the requests of `fetch`. It may return a promise. Default: status 200 with an empty JSON object. */
  readonly answer?: (request: Request) => Promise<Response> | Response
  /** Where the access token may be sent, as in the options of the real manager. Default: to every URL. */
  readonly resources?: readonly ResourceOption[]
  /** What `fetch` does for a URL outside of `resources`, as in the options of the real manager. Default `'throw'`. */
  readonly unlisted?: 'throw' | 'bare'
  /** What `fetch` does while nobody is signed in, as in the options of the real manager. Default `'throw'`. */
  readonly whenSignedOut?: 'throw' | 'bare'
  /** The origin of relative URLs. Default `https://app.example`. */
  readonly origin?: string
}

/** One call of a method of the manager. */
export interface TestCall {
  /** The name of the method. */
  readonly method: 'signIn' | 'completeSignIn' | 'adopt' | 'refresh' | 'signOut' | 'dispose'
  /** The argument of the call. `undefined` if there was none. */
  readonly argument?: unknown
}

/** A {@link TokenManager} for tests. The test decides its state. */
export interface TestTokenManager extends TokenManager {
  /** Every request that `fetch` sent, the oldest first. Its header `authorization` shows the token. */
  readonly requests: readonly Request[]
  /** Every call of `signIn`, `completeSignIn`, `adopt`, `refresh`, `signOut` and `dispose`, the oldest first. */
  readonly calls: readonly TestCall[]
  /** Sets the state. Subscribers are called if it differs from the state before. */
  set(state: TestState): void
  /** Calls the listeners that `on()` added for `type`. The event's `at` is always 2026-01-01T00:00Z. */
  emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void
}

/** The time of everything that happens here. */
const NOW: EpochMs = Date.UTC(2026, 0, 1)

/** The claims of the person, unless the options give others. */
const CLAIMS: IdTokenClaims = {
  iss: 'https://as.example',
  sub: 'test-user',
  aud: 'test-client',
  iat: NOW / 1000,
  exp: NOW / 1000 + 600,
}

/**
 * Makes a manager for tests of components. It has no storage, no server and no timers. The test gives its state at the start and changes it
 * with `set()`. `signIn()`, `completeSignIn()` and `adopt()` sign in at once, `signOut()` signs out at once. While the state is `loading`,
 * calls that need a token wait. `fetch` handles URLs, 401 answers and request bodies as the real manager does.
 */
export function createTestTokenManager(options: TestTokenManagerOptions = {}): TestTokenManager {
  const { state: first = 'signedIn', claims, scope = '', accessToken: prefix = 'test-access-token' } = options
  const { resources, unlisted = 'throw', whenSignedOut = 'throw', origin = 'https://app.example' } = options
  const { answer = () => new Response('{}', { headers: { 'content-type': 'application/json' } }) } = options

  const states = listenerSet<SessionState>()
  const events = listenerSet<TokenManagerEvent>()
  const requests: Request[] = []
  const calls: TestCall[] = []
  const anywhere = (url: string): Match => ({ target: {}, url: new URL(url, origin).href, wholeOrigin: true })
  const match = resources ? resourceMatcher(resources, { origin, insecureLoopback: false }) : anywhere
  let refreshes = 0
  let waiting: (() => void)[] = []
  let state = stateOf(first)

  const manager: TestTokenManager = {
    requests,
    calls,
    get state() {
      return state
    },
    set: (next) => move(stateOf(next)),
    emit: (type, details) => events.tell({ type, at: NOW, ...details } as TokenManagerEvent),
    subscribe(listener) {
      listener(state)
      return states.add(listener)
    },
    on: (type, listener) => events.add((event) => event.type === type && listener(event as never)),
    async ready() {
      await loaded()
      return state
    },
    signIn: async (argument) => signedIn({ method: 'signIn', argument }, argument?.returnTo),
    completeSignIn: async (argument) => signedIn({ method: 'completeSignIn', argument }),
    adopt: async (argument) => signedIn({ method: 'adopt', argument }),
    getAccessToken: ({ resource, signal } = {}) => token(resource, signal),
    fetch: authorizedFetch({
      source: {
        current: () => undefined,
        get: ({ resource }, signal) => token(resource, signal),
        replace: ({ resource }) => refreshed(resource),
      },
      async fetch(input, init) {
        const request = new Request(typeof input === 'object' && 'url' in input ? input : new URL(input, origin), init)
        requests.push(request.clone())
        return answer(request)
      },
      match,
      unlisted,
      whenSignedOut,
      observe: (type, details) => manager.emit(type, details),
    }),
    async headersFor(url) {
      const place = match(String(url))
      if (!place.target) throw notAllowed(place)

      return new Headers({ authorization: authorizationHeader(await token(place.target.resource)) })
    },
    async refresh(argument) {
      calls.push({ method: 'refresh', argument })
      return refreshed(argument?.resource)
    },
    async signOut(argument) {
      calls.push({ method: 'signOut', argument })
      move({ status: 'signedOut', reason: 'signed_out' })
      return { local: 'removed', tokens: [], revoked: Promise.resolve('revoked') }
    },
    dispose: () => void calls.push({ method: 'dispose' }),
  }
  return manager

  function stateOf(given: TestState): SessionState {
    if (typeof given === 'object') return given
    if (given === 'loading') return { status: 'loading' }
    if (given === 'signedOut') return { status: 'signedOut', reason: 'none' }

    const all: IdTokenClaims = { ...CLAIMS, ...claims }
    const session = { subject: all.sub, claims: all, scope, signedInAt: NOW }
    if (given === 'signedIn') return { status: 'signedIn', session, health: 'ok' }

    const cause = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable')
    return { status: 'signedIn', session, health: 'suspended', cause }
  }

  function move(next: SessionState): void {
    const before = state
    // As in the real manager, the state stays the same object until something in it changes.
    if (JSON.stringify(next) === JSON.stringify(before)) return

    state = next
    states.tell(next)

    if (before.status === 'signedIn' && next.status === 'signedOut') manager.emit('signed_out', { reason: next.reason })
    if (next.status === 'loading') return

    for (const go of waiting.splice(0)) go()
  }

  function signedIn(call: TestCall, returnTo?: string): SessionState {
    calls.push(call)
    const next = stateOf('signedIn')
    if (next.status !== 'signedIn') return next

    move(returnTo === undefined ? next : { ...next, session: { ...next.session, returnTo } })
    manager.emit('signed_in', { subject: next.session.subject })
    return state
  }

  function loaded(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting = waiting.filter((other) => other !== go)
        reject(signal?.reason)
      }
      const go = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }

      if (signal?.aborted) return giveUp()
      if (state.status !== 'loading') return resolve()

      signal?.addEventListener('abort', giveUp)
      waiting.push(go)
    })
  }

  async function token(resource?: string, signal?: AbortSignal): Promise<AccessToken> {
    await loaded(signal)

    if (state.status === 'signedOut') throw new TokenManagerError('ERR_SIGNED_OUT', state.reason)
    if (state.status === 'signedIn' && state.health === 'suspended')
      throw state.cause ?? new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable')

    const value = refreshes ? `${prefix}-${refreshes}` : prefix
    return accessToken({ value, type: 'Bearer', obtainedAt: NOW, scope, ...(resource !== undefined && { resource }) })
  }

  async function refreshed(resource?: string): Promise<AccessToken> {
    await token(resource)
    refreshes++
    manager.emit('refreshed', { duration: 0, attempt: 1 })
    return token(resource)
  }
}

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

/** A state by its name, or one spelled out. `'suspended'` is signed in with `health: 'suspended'`. */
export type TestState = 'loading' | 'signedOut' | 'signedIn' | 'suspended' | SessionState

/** Options of {@link createTestTokenManager}; none is needed. */
export interface TestTokenManagerOptions {
  /** Where it begins. Default `'signedIn'`. */
  readonly state?: TestState
  /** Claims of the person in the states that are given by name. Default `{ sub: 'test-user' }`, and what every ID token has. */
  readonly claims?: Partial<IdTokenClaims>
  /** Scope of the grant, space-separated. Default ''. */
  readonly scope?: string
  /** What access tokens begin with; each refresh adds a number. Default `'test-access-token'`. */
  readonly accessToken?: string
  /** Answers `fetch`. Default 200 with an empty JSON object. */
  readonly answer?: (request: Request) => Promise<Response> | Response
  /** As in the real options. Default: every URL gets the token. */
  readonly resources?: readonly ResourceOption[]
  /** As in the real options. Default `'throw'`. */
  readonly unlisted?: 'throw' | 'bare'
  /** As in the real options. Default `'throw'`. */
  readonly whenSignedOut?: 'throw' | 'bare'
  /** What relative URLs are relative to. Default `https://app.example`. */
  readonly origin?: string
}

/** A call of one of the manager's methods. */
export interface TestCall {
  /** Its name. */
  readonly method: 'signIn' | 'completeSignIn' | 'adopt' | 'refresh' | 'signOut' | 'dispose'
  /** What it was called with. */
  readonly argument?: unknown
}

/** A {@link TokenManager} that is moved by hand. */
export interface TestTokenManager extends TokenManager {
  /** Every request that `fetch` sent, oldest first, with the token it carried. */
  readonly requests: readonly Request[]
  /** Every call that would have changed the session, oldest first. */
  readonly calls: readonly TestCall[]
  /** Moves it; subscribers hear of it if anything changed. */
  set(state: TestState): void
  /** Lets listeners of `on()` hear an event. */
  emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void
}

/** When everything happens. */
const NOW: EpochMs = Date.UTC(2026, 0, 1)

/** The ID token's claims, where the options say nothing else. */
const CLAIMS: IdTokenClaims = {
  iss: 'https://as.example',
  sub: 'test-user',
  aud: 'test-client',
  iat: NOW / 1000,
  exp: NOW / 1000 + 600,
}

/**
 * A manager for component tests: no storage, no server, no timers. Its state is given and moved by hand; `signIn()`, `adopt()` and
 * `completeSignIn()` sign in at once, `signOut()` signs out, and while it is `loading` calls wait. `fetch` treats URLs, 401 answers
 * and bodies as the real one does.
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
    // The same object as long as nothing changed that anybody could see.
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

import type { EpochMs, Fetch, UserAgent } from '../ports.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import type { ClaimsRequest } from '../protocol/authorization-code.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import type { EventListener, TokenManagerEventType } from '../session/events.ts'
import type { SignOutOptions, SignOutReport } from '../session/sign-out.ts'
import type { SessionState } from '../session/state.ts'
import type { TokenManagerOptions } from './options.ts'
import type { StepUp } from './step-up.ts'

/** How to sign in. */
export interface SignInOptions {
  /** Where to go after the sign-in. The page that completes it finds it in `session.returnTo`. It is stored here and never sent. */
  readonly returnTo?: string
  /** OpenID Connect `prompt`: `login`, `consent`, `select_account`, `none` … Default: the server decides. */
  readonly prompt?: string
  /** The account that the person probably wants to use, such as an e-mail address. */
  readonly loginHint?: string
  /** How long ago the person may have authenticated, ms. 0 asks for authentication now. The answer is checked. */
  readonly maxAge?: number
  /** The server has to authenticate the person in one of these classes (`acr`). The answer is checked. */
  readonly acrValues?: readonly string[]
  /** Preferred languages (BCP 47), best first. */
  readonly uiLocales?: readonly string[]
  /** Single claims to ask for (OpenID Connect Core §5.5). */
  readonly claims?: ClaimsRequest
  /** The whole scope to ask for this time. Default: the option `scope`, and the scopes of `resources`. */
  readonly scope?: string
  /**
   * `stepUp(error)`: asks the same person for what an API wants with `ERR_STEP_UP_REQUIRED` (RFC 9470). Default: an ordinary sign-in.
   */
  readonly stepUp?: StepUp
  /** How to reach the authorization server this time. Default: the manager's. */
  readonly userAgent?: UserAgent
}

/** Tokens obtained elsewhere. */
export interface TokenSet {
  /** For the APIs. */
  readonly accessToken: string
  /** Default `Bearer`. */
  readonly tokenType?: 'Bearer' | 'DPoP'
  /** The key the tokens are bound to (RFC 9449); its private key a `CryptoKey` for `sign`, or a private JWK. Needs option `dpop`. */
  readonly dpopKey?: DpopKey
  /** When the access token expires, epoch ms. Without it the token is used until an API refuses it and a refresh brings another one. */
  readonly expiresAt?: EpochMs
  /** Gets new access tokens. Without it the session ends with the access token. */
  readonly refreshToken?: string
  /** Its `iss`, `aud` and `sub` are checked, but not its signature. So it has to come directly from the authorization server. */
  readonly idToken?: string
  /** Scope of the grant, space-separated. Default: the option `scope`, and the scopes of `resources`. */
  readonly scope?: string
}

/** Which access token, and on what terms. */
export interface GetAccessTokenOptions extends Target {
  /** How long the token has to be valid from now, ms. Default: a few seconds, less for short-lived tokens. */
  readonly minValidity?: number
  /** Ends the waiting of this call. Other calls go on. */
  readonly signal?: AbortSignal
}

/**
 * Keeps the tokens of one session. Every method is bound and waits for `ready()` itself. It rejects only with a {@link TokenManagerError},
 * or with the reason of an aborted signal.
 */
export interface TokenManager {
  /** Who is signed in. It is immutable, and stays the same object until something changes that a person could see. */
  readonly state: SessionState
  /** Calls `listener` at once and on every change. Returns a function that removes it. */
  readonly subscribe: (listener: (state: SessionState) => void) => () => void
  /** Calls `listener` for each event of one type. Returns a function that removes it. */
  readonly on: <T extends TokenManagerEventType>(type: T, listener: EventListener<T>) => () => void
  /**
   * Loads the stored session. On the page of `redirectUri` it first completes the sign-in. It never rejects: after a failed sign-in it
   * resolves to `signedOut` with `error`.
   */
  readonly ready: () => Promise<SessionState>
  /**
   * Sends the person to the authorization server. A redirect leaves the page, and the promise does not resolve. With a popup it resolves
   * when the person is back.
   * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED`, `ERR_AUTHORIZATION_REJECTED`, `ERR_TEMPORARILY_UNAVAILABLE` …
   */
  readonly signIn: (options?: SignInOptions) => Promise<SessionState>
  /**
   * Completes a sign-in. Call it only if you handle the callback yourself; otherwise `ready()` does it. Each answer works once. Two calls with
   * the same answer at the same time share one result. After an error of which `isTransient(error)` is true, the same answer can be used again:
   * then call `completeSignIn()` once more, also if it was `ready()` that failed.
   * @param url the full URL that the person came back with. Default: the page's own. If `ready()` or another call has taken that, its result is
   *   shared
   * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` … Then nothing is stored, and an existing session is kept.
   */
  readonly completeSignIn: (url?: string) => Promise<SessionState>
  /** Begins a session with tokens from elsewhere (native sign-in, server-rendered page). It replaces the present session. */
  readonly adopt: (tokens: TokenSet) => Promise<SessionState>
  /**
   * Returns a usable access token, from memory or by a refresh. All tabs share that refresh. The token is an object. Its text is `value`: in
   * a template string or a header write `token.value`, or use {@link TokenManager.headersFor}.
   * @throws TokenManagerError `ERR_SIGNED_OUT`, `ERR_TEMPORARILY_UNAVAILABLE` (with `retryAt`), `ERR_STEP_UP_REQUIRED` …
   */
  readonly getAccessToken: (options?: GetAccessTokenOptions) => Promise<AccessToken>
  /**
   * `fetch` with the token, for the URLs of {@link TokenManagerOptions.resources}. Pass it to any library that accepts a `fetch`.
   * @throws TokenManagerError `ERR_TARGET_NOT_ALLOWED`, `ERR_SIGNED_OUT`, `ERR_STEP_UP_REQUIRED`, `ERR_REDIRECTED` … and what `fetch` throws
   */
  readonly fetch: Fetch
  /**
   * Returns the headers for a request that is not made with `fetch`: `Authorization`, and `DPoP` if the token is bound to a key. Call it
   * again for every attempt, because a proof is for one request to one URL.
   * @param url a URL of `resources`
   * @param method the method of the request, for the proof; default `GET`
   */
  readonly headersFor: (url: string | URL, method?: string) => Promise<Headers>
  /** Gets a new access token now (event-based rotation: password changed, risky action). `reason` is for the event. */
  readonly refresh: (options?: Target & { readonly reason?: string }) => Promise<AccessToken>
  /**
   * Ends the session here and in every other tab or process, then revokes the tokens at the server. It resolves when the local part is
   * done. It works offline, and never rejects because of the network.
   */
  readonly signOut: (options?: SignOutOptions) => Promise<SignOutReport>
  /** Stops timers, listeners and channels, and keeps the session. Calls that were made before are still done. If the manager is used again, it starts again. */
  readonly dispose: () => void
}

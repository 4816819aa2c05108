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
  /** Comes back as `session.returnTo` on the page that completes the sign-in. Kept here, never sent. */
  readonly returnTo?: string
  /** OpenID Connect `prompt`: `login`, `consent`, `select_account`, `none` … Default: the server decides. */
  readonly prompt?: string
  /** The account the person probably wants. */
  readonly loginHint?: string
  /** How long ago the person may have authenticated, ms; 0 asks for authentication now. Checked on return. */
  readonly maxAge?: number
  /** One of these authentication context classes is demanded. Checked on return. */
  readonly acrValues?: readonly string[]
  /** Preferred languages (BCP 47), best first. */
  readonly uiLocales?: readonly string[]
  /** Single claims to ask for (OpenID Connect Core §5.5). */
  readonly claims?: ClaimsRequest
  /** Scope to ask for this time, and nothing beside it. Default: the option `scope`, and the scopes of `resources`. */
  readonly scope?: string
  /**
   * `stepUp(error)`: what an API asked for with an `ERR_STEP_UP_REQUIRED` (RFC 9470), for the same person. Default: the everyday sign-in.
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
  /** When the access token expires, epoch ms. Absent: unknown, it is used until an API refuses it. */
  readonly expiresAt?: EpochMs
  /** For new access tokens. Absent: the session ends with the access token. */
  readonly refreshToken?: string
  /** Its `iss`, `aud` and `sub` are checked, its signature is not: hand over only what came from the authorization server. */
  readonly idToken?: string
  /** Scope of the grant, space-separated. Default: the option `scope`, and the scopes of `resources`. */
  readonly scope?: string
}

/** Which access token, and on what terms. */
export interface GetAccessTokenOptions extends Target {
  /** For how long it has to live on, ms. Default: a few seconds, less for short-lived tokens. */
  readonly minValidity?: number
  /** Ends this wait, not what others wait for. */
  readonly signal?: AbortSignal
}

/**
 * Keeps one session's tokens. Every method is bound, waits for `ready()` itself, and rejects only with a
 * {@link TokenManagerError} (or the reason of an aborted signal).
 */
export interface TokenManager {
  /** Immutable; the same object until something a person could see has changed. */
  readonly state: SessionState
  /** Calls `listener` now and on every change. Returns its own undo. */
  readonly subscribe: (listener: (state: SessionState) => void) => () => void
  /** Hears one type of event. Returns its own undo. */
  readonly on: <T extends TokenManagerEventType>(type: T, listener: EventListener<T>) => () => void
  /**
   * Restores the session; on `redirectUri` with an answer to one of our sign-ins it completes that first. Never rejects: a
   * sign-in that failed resolves to `signedOut` with `error`.
   */
  readonly ready: () => Promise<SessionState>
  /**
   * Sends the person to the authorization server. With a redirect the page is left and the promise does not resolve; with a
   * popup it resolves once they are back.
   * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED`, `ERR_AUTHORIZATION_REJECTED`, `ERR_TEMPORARILY_UNAVAILABLE` …
   */
  readonly signIn: (options?: SignInOptions) => Promise<SessionState>
  /**
   * Completes a sign-in, for those who route the callback themselves. Each answer works once; the same one twice at a time joins.
   * @param url the full URL the person came back with; default the present one
   * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` … Nothing is stored and no session is lost then.
   */
  readonly completeSignIn: (url?: string) => Promise<SessionState>
  /** Begins a session with tokens obtained elsewhere (native login, server-rendered page). It replaces the present one. */
  readonly adopt: (tokens: TokenSet) => Promise<SessionState>
  /**
   * A usable access token: from memory, or refreshed by whichever context comes first. It is an object whose text is `value`: in a
   * template string or a header of your own write `token.value`, or take {@link TokenManager.headersFor}.
   * @throws TokenManagerError `ERR_SIGNED_OUT`, `ERR_TEMPORARILY_UNAVAILABLE` (with `retryAt`), `ERR_STEP_UP_REQUIRED` …
   */
  readonly getAccessToken: (options?: GetAccessTokenOptions) => Promise<AccessToken>
  /**
   * `fetch` with the token, for listed URLs; see {@link TokenManagerOptions.resources}. Give it to any library that takes a `fetch`.
   * @throws TokenManagerError `ERR_TARGET_NOT_ALLOWED`, `ERR_SIGNED_OUT`, `ERR_STEP_UP_REQUIRED`, `ERR_REDIRECTED` … and what `fetch` throws
   */
  readonly fetch: Fetch
  /**
   * `Authorization`, and `DPoP` for a token that is bound to a key, for transports that are not `fetch`. Ask again for every attempt:
   * a proof is good for one request to one URL.
   * @param url a listed URL
   * @param method that of the request, for the proof; default `GET`
   */
  readonly headersFor: (url: string | URL, method?: string) => Promise<Headers>
  /** Event-based rotation: a new access token now (password changed, risky action). `reason` is for the event. */
  readonly refresh: (options?: Target & { readonly reason?: string }) => Promise<AccessToken>
  /**
   * Ends the session: here and in every other context, then at the server. Resolves once the local part is done, works offline,
   * and never rejects for the network.
   */
  readonly signOut: (options?: SignOutOptions) => Promise<SignOutReport>
  /** Stops timers, listeners and channels, and keeps the session. Using the manager again starts them again. */
  readonly dispose: () => void
}

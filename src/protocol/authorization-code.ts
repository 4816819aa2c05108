import type { EpochMs } from '../ports.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { TokenAnswer } from './token-set.ts'

/** What to ask the person and the server for. */
export interface AuthorizationRequestOptions {
  /** Where the person comes back to, exactly as registered. */
  redirectUri: string
  /** Space-separated; nothing is added. With `openid` the answer must hold an ID token. */
  scope: string
  /** Begins `state`, so that a page recognises its own answers. Characters of base64url, `.` or `~`. */
  statePrefix: string
  /** OpenID Connect Core §3.1.2.1, as `login` or `none`. */
  prompt?: string
  /** The account the person probably wants. */
  loginHint?: string
  /** Milliseconds since the person last authenticated, rounded down to seconds. 0 asks for authentication now. */
  maxAge?: number
  /** One of these has to be the ID token's `acr`. */
  acrValues?: readonly string[]
  /** Preferred languages (BCP 47), best first. */
  uiLocales?: readonly string[]
  /** The `claims` request parameter (OpenID Connect Core §5.5). */
  claims?: Readonly<Record<string, unknown>>
  /** Resource indicators (RFC 8707 §2). */
  resource?: readonly string[]
  /** Further parameters. Those this library sets itself are refused with `ERR_INVALID_OPTION`. */
  extra?: Readonly<Record<string, string>>
}

/** What has to be remembered until the person comes back. */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** Absent when `scope` has no `openid`. */
  readonly nonce?: string
  readonly redirectUri: string
  readonly issuer: string
  readonly scope: string
  readonly maxAge?: number
  readonly acrValues?: readonly string[]
  readonly createdAt: EpochMs
}

export declare function authorizationRequest(
  server: AuthorizationServer,
  options: AuthorizationRequestOptions,
): Promise<{ url: string; pending: PendingAuthorization }>

export declare function authorizationResponse(
  server: AuthorizationServer,
  url: string,
  pending: PendingAuthorization,
): Promise<URLSearchParams>

export declare function authorizationCodeGrant(
  server: AuthorizationServer,
  params: URLSearchParams,
  pending: PendingAuthorization,
): Promise<TokenAnswer>

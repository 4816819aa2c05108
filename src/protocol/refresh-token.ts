import type { AuthorizationServer } from './authorization-server.ts'
import type { IdTokenClaims, TokenAnswer } from './token-set.ts'

/** One use of a refresh token. */
export interface RefreshTokenRequest {
  refreshToken: string
  /** Narrows the access token's scope (RFC 6749 §6). */
  scope?: string
  /** The resource the access token is for (RFC 8707 §2.2). */
  resource?: string
  /** The claims of the present ID token; a new one has to be about the same sign-in (OpenID Connect Core §12.2). */
  previous?: IdTokenClaims
  /** Called directly before the real `fetch`, in the same turn. False: nothing is sent and the answer is `unsent`. */
  beforeSend: () => boolean
}

export declare function refreshTokenGrant(
  server: AuthorizationServer,
  request: RefreshTokenRequest,
): Promise<TokenAnswer>

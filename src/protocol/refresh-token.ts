import type { AuthorizationServer } from './authorization-server.ts'
import type { DpopKey } from './dpop.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { IdTokenClaims, TokenAnswer } from './token-set.ts'

/** One use of a refresh token. */
export interface RefreshTokenRequest {
  refreshToken: string
  /** Narrows the access token's scope (RFC 6749 §6). */
  scope?: string | undefined
  /** The resource the access token is for (RFC 8707 §2.2). */
  resource?: string | undefined
  /** The same for servers that have a parameter of that name. */
  audience?: string | undefined
  /** The key the refresh token is bound to (RFC 9449 §5). */
  dpopKey?: DpopKey | undefined
  /** The claims of the present ID token; a new one has to be about the same sign-in (OpenID Connect Core §12.2). */
  previous?: IdTokenClaims | undefined
  /** Called directly before the real `fetch`, in the same turn. False: nothing is sent and the answer is `unsent`. */
  beforeSend: () => boolean
}

/** Sends a refresh token (RFC 6749 §6) once. Never rejects: metadata that cannot be had is `transient` and nothing was sent. */
export function refreshTokenGrant(
  server: AuthorizationServer,
  { refreshToken, scope, resource, audience, previous, dpopKey, beforeSend }: RefreshTokenRequest,
): Promise<TokenAnswer> {
  return tokenRequest(
    server,
    'refresh_token',
    { refresh_token: refreshToken, scope, resource, audience },
    { scope, previous, dpopKey, refreshable: true },
    beforeSend,
  )
}

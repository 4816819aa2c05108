import type { AuthorizationServer } from './authorization-server.ts'
import type { DpopKey } from './dpop.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { IdTokenClaims, TokenAnswer } from './token-set.ts'

/** What a refresh asks for. */
export interface RefreshTokenRequest {
  refreshToken: string
  /** The scope of the access token. It cannot be wider than that of the grant (RFC 6749 §6). */
  scope?: string | undefined
  /** The resource the access token is for (RFC 8707 §2.2). */
  resource?: string | undefined
  /** The audience the access token is for, at servers that have a parameter `audience` instead of `resource`. */
  audience?: string | undefined
  /** The key the refresh token is bound to (RFC 9449 §5). */
  dpopKey?: DpopKey | undefined
  /** The claims of the present ID token. A new ID token has to be about the same sign-in (OpenID Connect Core §12.2). */
  previous?: IdTokenClaims | undefined
  /** Called directly before the real `fetch`, in the same turn. If it returns false, nothing is sent and the result is `unsent`. */
  beforeSend: () => boolean
}

/** Sends a refresh token once (RFC 6749 §6). Never rejects. If the metadata cannot be loaded, nothing is sent and the result is `transient`. */
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

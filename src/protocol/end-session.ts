import type { AuthorizationServer } from './authorization-server.ts'
import { parameters, withQuery } from './parameters.ts'

/** What an RP-initiated logout tells the server (OpenID Connect RP-Initiated Logout §2). */
export interface EndSessionOptions {
  /** Hint at whose session ends; an expired ID token is fine. */
  idToken?: string | undefined
  /** Where the person goes afterwards, exactly as registered. */
  postLogoutRedirectUri?: string | undefined
}

/**
 * The URL that ends the person's session at the authorization server, for a top-level navigation; `undefined` when the server
 * has no (https) end_session_endpoint. It holds the ID token: navigate there, and keep it nowhere.
 * @throws TokenManagerError errors of the metadata
 */
export async function endSessionUrl(
  server: AuthorizationServer,
  { idToken, postLogoutRedirectUri }: EndSessionOptions,
): Promise<string | undefined> {
  const { end_session_endpoint: url } = await server.metadata()
  if (!url) return
  const params = {
    client_id: server.clientId,
    id_token_hint: idToken,
    post_logout_redirect_uri: postLogoutRedirectUri,
  }
  return withQuery(url, parameters(params))
}

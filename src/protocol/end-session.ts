import type { AuthorizationServer } from './authorization-server.ts'
import { overridden, parameters, withQuery } from './parameters.ts'

/** What a server is told to end a session (OpenID Connect RP-Initiated Logout §2, and what was there before it). */
export interface EndSessionRequest {
  /** Where the person goes afterwards, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** The server's own name for that parameter; it then gets no ID token, as only RP-Initiated Logout has one. */
  readonly postLogoutRedirectParameter?: string | undefined
  /** Further parameters. */
  readonly endSessionParams?: Readonly<Record<string, string>> | undefined
}

/**
 * The URL that ends the person's session at the authorization server, for a top-level navigation; `undefined` when the server
 * has no (https) end_session_endpoint. It holds the ID token: navigate there, and keep it nowhere.
 * @throws TokenManagerError errors of the metadata
 */
export async function endSessionUrl(
  server: AuthorizationServer,
  idToken: string | undefined,
  { postLogoutRedirectUri, postLogoutRedirectParameter, endSessionParams }: EndSessionRequest,
): Promise<string | undefined> {
  const { end_session_endpoint: url } = await server.metadata()
  if (!url) return

  const own = parameters({
    client_id: server.clientId,
    id_token_hint: postLogoutRedirectParameter ? undefined : idToken,
    [postLogoutRedirectParameter ?? 'post_logout_redirect_uri']: postLogoutRedirectUri,
  })
  return withQuery(url, overridden(parameters(endSessionParams ?? {}), own))
}

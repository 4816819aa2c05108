import type { AuthorizationServer } from './authorization-server.ts'
import { parameters, withQuery } from './parameters.ts'

/** What a server is told to end a session (OpenID Connect RP-Initiated Logout §2). */
export interface EndSessionRequest {
  /** Where the person goes afterwards, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Makes the parameters that are sent in place of those of RP-Initiated Logout. */
  readonly endSessionParams?: EndSessionParams | undefined
}

/** The parameters of RP-Initiated Logout §2. One that is `undefined` or empty is not sent. */
export interface EndSessionParameters {
  /** The client. */
  readonly client_id: string
  /** The ID token, which tells the server whose session it is. */
  readonly id_token_hint: string | undefined
  /** Where the person goes afterwards. */
  readonly post_logout_redirect_uri: string | undefined
}

/** What is sent to end the session at the server, made from what would be sent. */
export type EndSessionParams = (own: EndSessionParameters) => Readonly<Record<string, string | undefined>>

/**
 * The URL that ends the person's session at the authorization server, for a top-level navigation; `undefined` when the server
 * has no (https) end_session_endpoint. It holds the ID token: navigate there, and keep it nowhere.
 * @throws TokenManagerError errors of the metadata
 */
export async function endSessionUrl(
  server: AuthorizationServer,
  idToken: string | undefined,
  { postLogoutRedirectUri, endSessionParams = (own) => ({ ...own }) }: EndSessionRequest,
): Promise<string | undefined> {
  const { end_session_endpoint: url } = await server.metadata()
  if (!url) return

  const own: EndSessionParameters = {
    client_id: server.clientId,
    id_token_hint: idToken,
    post_logout_redirect_uri: postLogoutRedirectUri,
  }
  return withQuery(server.text, url, parameters(endSessionParams(own)))
}

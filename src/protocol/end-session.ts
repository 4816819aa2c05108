import type { AuthorizationServer } from './authorization-server.ts'
import { parameters, withQuery } from './parameters.ts'

/** What the request says that ends the session at the server (OpenID Connect RP-Initiated Logout §2). */
export interface EndSessionRequest {
  /** Where the person goes afterwards, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Makes the parameters that are sent instead of those of the standard. Default: those of the standard are sent. */
  readonly endSessionParams?: EndSessionParams | undefined
}

/** The parameters of RP-Initiated Logout §2. One that is `undefined` or empty is not sent. */
export interface EndSessionParameters {
  /** The client identifier. */
  readonly client_id: string
  /** The ID token, by which the server knows whose session it is. */
  readonly id_token_hint: string | undefined
  /** Where the person goes afterwards. */
  readonly post_logout_redirect_uri: string | undefined
}

/** Makes the parameters that are sent to end the session at the server. It gets those of the standard. */
export type EndSessionParams = (own: EndSessionParameters) => Readonly<Record<string, string | undefined>>

/**
 * The URL that ends the person's session at the authorization server. The page navigates there. `undefined` if the server has no
 * `end_session_endpoint`. The URL contains the ID token, so it must not be stored or logged.
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

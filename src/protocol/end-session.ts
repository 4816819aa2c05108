import type { AuthorizationServer } from './authorization-server.ts'

/** What an RP-initiated logout tells the server (OpenID Connect RP-Initiated Logout §2). */
export interface EndSessionOptions {
  /** Hint at whose session ends; an expired ID token is fine. */
  idToken?: string | undefined
  /** Where the person goes afterwards, exactly as registered. */
  postLogoutRedirectUri?: string | undefined
  /** Comes back with the person. */
  state?: string | undefined
}

export declare function endSessionUrl(
  server: AuthorizationServer,
  options: EndSessionOptions,
): Promise<string | undefined>

import type { AuthorizationServer } from './authorization-server.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { Requested, TokenAnswer } from './token-set.ts'

/** What a grant asks for that gives no refresh token and can be repeated at any time. */
export interface GrantRequest extends Pick<Requested, 'scope' | 'dpopKey'> {
  readonly resource?: string | undefined
  readonly audience?: string | undefined
  /** More parameters. A parameter that the grant itself sends cannot be replaced here. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** Requests a token for the client itself (RFC 6749 §4.4). Sends one request and never rejects. A refresh token in the answer is ignored. */
export function clientCredentialsGrant(server: AuthorizationServer, request: GrantRequest): Promise<TokenAnswer> {
  return statelessGrant(server, 'client_credentials', {}, request)
}

/**
 * Exchanges an assertion about a subject for a token (RFC 7523 §2.1). Sends one request and never rejects.
 * @param assertion a JWT that the authorization server trusts
 */
export function jwtBearerGrant(
  server: AuthorizationServer,
  assertion: string,
  request: GrantRequest,
): Promise<TokenAnswer> {
  return statelessGrant(server, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion }, request)
}

/** Sends the token request of a grant that can be repeated at any time. */
export function statelessGrant(
  server: AuthorizationServer,
  grantType: string,
  values: Readonly<Record<string, string | undefined>>,
  { scope, resource, audience, parameters, dpopKey }: GrantRequest,
): Promise<TokenAnswer> {
  return tokenRequest(
    server,
    grantType,
    { ...parameters, ...values, scope, resource, ...(audience !== undefined && { audience }) },
    { scope, dpopKey },
  )
}

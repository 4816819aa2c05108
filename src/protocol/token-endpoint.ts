import { genericTokenEndpointRequest } from 'oauth4webapi'
import type { TokenManagerError } from '../errors.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { parameters } from './parameters.ts'
import { type Requested, type TokenAnswer, tokenAnswer } from './token-set.ts'

/**
 * One token request (RFC 6749 §3.2), sent at most once, with the client's authentication.
 * @param values what the grant sends beside `grant_type` and `client_id`
 * @param beforeSend called directly before the real `fetch`, in the same turn; false keeps the request from being sent
 */
export async function tokenRequest(
  server: AuthorizationServer,
  grantType: string,
  values: Readonly<Record<string, string | undefined>>,
  requested: Requested,
  beforeSend?: () => boolean,
): Promise<TokenAnswer> {
  let unsent = false
  try {
    const { metadata } = await endpoint(server, 'token_endpoint')
    const answer = await server.exchange(
      (options) =>
        genericTokenEndpointRequest(
          metadata,
          server.client,
          server.clientAuthentication,
          grantType,
          parameters(values),
          options,
        ),
      {
        beforeSend() {
          unsent = beforeSend?.() === false
          return !unsent
        },
      },
    )
    if (unsent) return { kind: 'unsent' }
    return answer.kind === 'transient' ? answer : await tokenAnswer(server, answer, requested)
  } catch (error) {
    // The metadata could not be had; a `TokenManagerError` says why.
    return { kind: 'transient', error: error as TokenManagerError, lost: false }
  }
}

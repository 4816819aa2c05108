import type { TokenManagerError } from '../errors.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { parameters } from './parameters.ts'
import { type Requested, type TokenAnswer, tokenAnswer } from './token-set.ts'

/**
 * Sends one token request with the client's authentication (RFC 6749 §3.2). The server processes it at most once. If there is a key, the
 * request carries a proof. A server may ask for another proof before it processes the request; then it is sent again, once for each reason
 * (RFC 9449 §8).
 * @param values the grant's parameters, without `grant_type` and `client_id`
 * @param beforeSend called directly before the real `fetch`, in the same turn. If it returns false, the request is not sent
 */
export async function tokenRequest(
  server: AuthorizationServer,
  grantType: string,
  values: Readonly<Record<string, string | undefined>>,
  requested: Requested,
  beforeSend?: () => boolean,
): Promise<TokenAnswer> {
  let unsent = false
  const { dpop } = server
  try {
    const { url } = await endpoint(server, 'token_endpoint')
    const answer = await server.post(url, parameters({ ...values, grant_type: grantType }), {
      beforeSend() {
        unsent = beforeSend?.() === false
        return !unsent
      },
      around: dpop && ((attempt) => dpop.send(requested.dpopKey, url, attempt)),
    })
    if (unsent) return { kind: 'unsent' }

    return answer.kind === 'answer' ? await tokenAnswer(server, answer, requested) : answer
  } catch (error) {
    // The metadata could not be loaded. The error is a `TokenManagerError` that says why.
    return { kind: 'transient', error: error as TokenManagerError, lost: false }
  }
}

import type { TokenManagerError } from '../errors.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { parameters } from './parameters.ts'
import { type Requested, type TokenAnswer, tokenAnswer } from './token-set.ts'

/**
 * One token request (RFC 6749 §3.2), processed at most once, with the client's authentication. With a key it carries a proof, and is
 * sent again, once for each reason, to a server that asks for another one before it looks at the rest (RFC 9449 §8).
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
    // The metadata could not be had; a `TokenManagerError` says why.
    return { kind: 'transient', error: error as TokenManagerError, lost: false }
  }
}

import type { EpochMs } from '../ports.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { invalid, refusal, saysError, wrongMember } from './failure.ts'
import { numberOf } from './json-members.ts'
import type { ParameterList } from './parameters.ts'

/** What `pushedAuthorizationRequests()` makes: the value of the option with that name. */
export interface PushedAuthorizationRequests {
  /** Called by the manager for each sign-in. */
  readonly start: typeof pushAuthorizationRequest
}

/** The server's name for an authorization request that was pushed to it (RFC 9126 §2.2). */
export interface PushedAuthorization {
  readonly request_uri: string
  /** When the server forgets the request. */
  readonly expiresAt: EpochMs
}

/**
 * Sends an authorization request straight to the server (RFC 9126 §2). Then no URL contains what is asked for, and a client that has
 * credentials authenticates before the person goes to the server.
 * @throws TokenManagerError `endpoint_missing`; the server's refusal with its `error`; `ERR_TEMPORARILY_UNAVAILABLE`; errors of
 *   the metadata
 */
export async function pushAuthorizationRequest(
  server: AuthorizationServer,
  params: ParameterList,
): Promise<PushedAuthorization> {
  const { url } = await endpoint(server, 'pushed_authorization_request_endpoint')
  const answer = await server.post(url, params)
  if (answer.kind === 'transient') throw answer.error

  const { status, body, sentAt } = answer
  if (status > 299 || saysError(body)) throw refusal(answer)

  const { request_uri, expires_in } = body ?? {}
  const isUsable = typeof request_uri === 'string' && request_uri !== ''
  const lifetime = numberOf(expires_in) * 1000
  const isGood = isUsable && lifetime > 0
  if (status !== 201 || !isGood) {
    const member = isUsable ? 'expires_in' : 'request_uri'
    const what = wrongMember('The pushed answer', member, body?.[member])
    throw invalid('invalid_pushed_authorization_response', status === 201 ? what : undefined, { status })
  }

  return { request_uri, expiresAt: sentAt + lifetime }
}

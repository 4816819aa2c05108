import type { AccessTokenClaims } from './access-token-claims.ts'
import { AccessTokenError } from './access-token-error.ts'
import type { GuardedRequest } from './credentials.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/** The part of Node's `ServerResponse` that the guard uses. */
export interface NodeResponse {
  /** The HTTP status. */
  statusCode: number
  /** Sets a header field. */
  setHeader(name: string, value: string): unknown
  /** Sends the answer. */
  end(body?: string): unknown
}

/**
 * Makes a listener for `node:http` that calls `listener` only for requests that may pass. It answers refused requests itself.
 * @param listener gets the request, the response and the claims of the token
 */
export function nodeGuard<Q extends GuardedRequest, S extends NodeResponse>(
  guard: Guard,
  listener: (request: Q, response: S, claims: AccessTokenClaims) => void,
  policy?: AccessPolicy,
): (request: Q, response: S) => Promise<void> {
  return async (request, response) => {
    const claims = await admit(guard, request, response, policy)
    if (claims) listener(request, response, claims)
  }
}

/** Gives the claims if the request may pass. Otherwise it answers the request and gives `undefined`. */
export async function admit(
  guard: Guard,
  request: GuardedRequest,
  response: NodeResponse,
  policy?: AccessPolicy,
): Promise<AccessTokenClaims | undefined> {
  try {
    const claims = await guard(request, policy)
    for (const [name, value] of Object.entries(await guard.answerHeaders())) response.setHeader(name, value)
    return claims
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error
    response.statusCode = error.status
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
    response.end()
    return undefined
  }
}

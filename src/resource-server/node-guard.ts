import type { AccessTokenClaims } from './access-token-claims.ts'
import { AccessTokenError } from './access-token-error.ts'
import type { GuardedRequest } from './credentials.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/** What the guard needs of Node's `ServerResponse`. */
export interface NodeResponse {
  /** The status. */
  statusCode: number
  /** Sets a field. */
  setHeader(name: string, value: string): unknown
  /** Sends the answer. */
  end(body?: string): unknown
}

/**
 * A listener for `node:http` that only requests with a good token reach.
 * @param listener gets request, response and the token's claims
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

/** The claims, or `undefined` once the refusal has been answered. */
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

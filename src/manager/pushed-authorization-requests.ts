import { type PushedAuthorizationRequests, pushAuthorizationRequest } from '../protocol/pushed-authorization.ts'

/**
 * Hands every authorization request to the server before the person goes there (RFC 9126): nothing that is asked for stands in a URL, which
 * only points at it.
 */
export function pushedAuthorizationRequests(): PushedAuthorizationRequests {
  return { start: pushAuthorizationRequest }
}

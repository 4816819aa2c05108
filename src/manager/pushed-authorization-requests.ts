import { type PushedAuthorizationRequests, pushAuthorizationRequest } from '../protocol/pushed-authorization.ts'

/**
 * Sends every authorization request to the server before the person goes there (RFC 9126). The URL that the person is sent to then contains only
 * a reference to the request, and nothing that is asked for.
 */
export function pushedAuthorizationRequests(): PushedAuthorizationRequests {
  return { start: pushAuthorizationRequest }
}

import type { AccessTokenClaims } from './access-token-claims.ts'
import type { GuardedRequest } from './credentials.ts'
import type { Guard } from './guard.ts'
import { admit, type NodeResponse } from './node-guard.ts'
import type { AccessPolicy } from './policy.ts'

declare global {
  /** The namespace in which the types of Express are extended. */
  namespace Express {
    /** A request of Express. */
    interface Request {
      /** The claims of the token, in handlers after {@link expressGuard}. */
      auth?: AccessTokenClaims | undefined
    }
  }
}

/**
 * Middleware for Express and Connect: `app.get('/notes', expressGuard(guard, { scope: 'notes' }), …)`. In the handlers after it,
 * `request.auth` has the claims of the token. It answers refused requests itself and does not call `next` for them.
 */
export function expressGuard(
  guard: Guard,
  policy?: AccessPolicy,
): (
  request: GuardedRequest & { auth?: AccessTokenClaims | undefined; originalUrl?: string },
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void> {
  return async (request, response, next) => {
    const { method, headers, rawHeaders, originalUrl } = request
    // Read only if it is needed, because Node computes it when it is read.
    const headersDistinct = rawHeaders ? undefined : request.headersDistinct
    let claims: AccessTokenClaims | undefined
    try {
      // A router removes its own path from `url`, and a proof is for the whole URL.
      claims = await admit(
        guard,
        { method, headers, rawHeaders, headersDistinct, url: originalUrl ?? request.url },
        response,
        policy,
      )
    } catch (error) {
      return next(error)
    }
    if (!claims) return

    request.auth = claims
    next()
  }
}

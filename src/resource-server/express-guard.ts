import type { AccessTokenClaims } from './access-token-claims.ts'
import type { GuardedRequest } from './credentials.ts'
import type { Guard } from './guard.ts'
import { admit, type NodeResponse } from './node-guard.ts'
import type { AccessPolicy } from './policy.ts'

declare global {
  /** The types of Express, where they are there. */
  namespace Express {
    /** A request. */
    interface Request {
      /** The token's claims, behind {@link expressGuard}. */
      auth?: AccessTokenClaims | undefined
    }
  }
}

/**
 * Middleware for Express and Connect: `app.get('/notes', expressGuard(guard, { scope: 'notes' }), …)`. Behind it `request.auth` holds
 * the token's claims; a refusal is answered here, and `next` is not called.
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
    // Node makes it anew for each request that is asked for it.
    const headersDistinct = rawHeaders ? undefined : request.headersDistinct
    let claims: AccessTokenClaims | undefined
    try {
      // A router strips the path it is mounted at from `url`; a proof is for the whole one.
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

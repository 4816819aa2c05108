import type { AccessTokenClaims } from './access-token-claims.ts'
import { AccessTokenError } from './access-token-error.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/**
 * Makes a handler from `Request` to `Response` that calls `handler` only for requests that may pass. It is for Deno, Bun, Cloudflare Workers,
 * and route handlers of Hono and Next.js. It answers refused requests itself.
 * @param handler gets the request, the claims of the token, and the further arguments that the platform passes
 */
export function fetchGuard<R extends Request, Rest extends readonly unknown[]>(
  guard: Guard,
  handler: (request: R, claims: AccessTokenClaims, ...rest: Rest) => Response | Promise<Response>,
  policy?: AccessPolicy,
): (request: R, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    let claims: AccessTokenClaims
    try {
      claims = await guard(request, policy)
    } catch (error) {
      if (error instanceof AccessTokenError) return error.toResponse()
      throw error
    }

    const response = await handler(request, claims, ...rest)
    const headers = Object.entries(await guard.answerHeaders())
    if (!headers.length) return response

    // A copy, because the headers of a response that came from `fetch` cannot be changed.
    const answer = new Response(response.body, response)
    for (const [name, value] of headers) answer.headers.set(name, value)
    return answer
  }
}

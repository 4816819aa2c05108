import type { AccessTokenClaims } from './access-token-claims.ts'
import { AccessTokenError } from './access-token-error.ts'
import type { GuardedRequest } from './credentials.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/** The part of Fastify's reply that the guard uses. */
export interface FastifyReplyLike {
  /** Sets the HTTP status. */
  code(status: number): unknown
  /** Sets header fields. */
  headers(values: Record<string, string>): unknown
  /** Sends the reply. */
  send(): unknown
}

/**
 * An `onRequest` or `preHandler` hook for Fastify: `{ onRequest: fastifyGuard(guard, { scope: 'notes' }) }`. In the handler, `request.auth`
 * has the claims of the token. It answers refused requests itself.
 */
export function fastifyGuard(
  guard: Guard,
  policy?: AccessPolicy,
): (request: { readonly raw: GuardedRequest; auth?: AccessTokenClaims }, reply: FastifyReplyLike) => Promise<unknown> {
  return async (request, reply) => {
    try {
      request.auth = await guard(request.raw, policy)
      reply.headers({ ...(await guard.answerHeaders()) })
      return undefined
    } catch (error) {
      if (!(error instanceof AccessTokenError)) throw error
      reply.code(error.status)
      reply.headers({ ...error.headers })
      return reply.send()
    }
  }
}

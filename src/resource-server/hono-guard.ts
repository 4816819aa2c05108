import { AccessTokenError } from './access-token-error.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/** The part of Hono's context that the guard uses. */
export interface HonoContextLike {
  /** Hono's own request object. */
  readonly req: {
    /** The platform's `Request`. */
    readonly raw: Request
  }
  /** Keeps a value for the handler. */
  set(name: string, value: unknown): void
  /** Sets a header field of the answer. */
  header(name: string, value: string): void
}

/**
 * Middleware for Hono: `app.use('/notes/*', honoGuard(guard, { scope: 'notes' }))`. In the handlers after it, `c.get('auth')` gives the claims
 * of the token. It answers refused requests itself.
 */
export function honoGuard(
  guard: Guard,
  policy?: AccessPolicy,
): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => {
    try {
      context.set('auth', await guard(context.req.raw, policy))
    } catch (error) {
      if (error instanceof AccessTokenError) return error.toResponse()
      throw error
    }

    for (const [name, value] of Object.entries(await guard.answerHeaders())) context.header(name, value)
    await next()
    return undefined
  }
}

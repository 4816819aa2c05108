import { AccessTokenError } from './access-token-error.ts'
import type { Guard } from './guard.ts'
import type { AccessPolicy } from './policy.ts'

/** What the guard needs of Hono's context. */
export interface HonoContextLike {
  /** Hono's request. */
  readonly req: {
    /** The platform's. */
    readonly raw: Request
  }
  /** Keeps a value for the handler. */
  set(name: string, value: unknown): void
  /** Sets a field of the answer. */
  header(name: string, value: string): void
}

/**
 * Middleware for Hono: `app.use('/notes/*', honoGuard(guard, { scope: 'notes' }))`. Behind it `c.get('auth')` gives the token's
 * claims; a refusal is answered here.
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

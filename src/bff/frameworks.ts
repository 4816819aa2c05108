import type { Bff } from './create-bff.ts'
import { answerNode, type NodeRequestLike, type NodeResponseLike } from './node-listener.ts'

/** Middleware for Express and Connect: `app.use(expressBff(bff))`. Use it before any middleware that parses bodies. */
export function expressBff(
  bff: Bff,
): (request: NodeRequestLike, response: NodeResponseLike, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      if (!(await answerNode(bff, request, response))) next()
    } catch (error) {
      next(error)
    }
  }
}

/** The part of Fastify's reply that the backend uses. */
export interface FastifyBffReplyLike {
  /** Node's own response. */
  readonly raw: NodeResponseLike
  /** Tells Fastify not to send the reply itself. */
  hijack(): unknown
}

/** A hook for Fastify: `app.addHook('onRequest', fastifyBff(bff))`. */
export function fastifyBff(
  bff: Bff,
): (request: { readonly raw: NodeRequestLike }, reply: FastifyBffReplyLike) => Promise<void> {
  return async ({ raw }, reply) => {
    if (await answerNode(bff, raw, reply.raw)) reply.hijack()
  }
}

/** Middleware for Hono: `app.use(honoBff(bff))`. */
export function honoBff(
  bff: Bff,
): (context: { readonly req: { readonly raw: Request } }, next: () => Promise<void>) => Promise<Response | undefined> {
  return async ({ req }, next) => {
    const answer = await bff(req.raw)
    if (answer) return answer

    await next()
    return undefined
  }
}

/** The handlers of a route of Next.js: one for each HTTP method. */
export type RouteHandlers = Readonly<
  Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', (request: Request) => Promise<Response>>
>

/**
 * Route handlers for Next.js, in `app/auth/[...path]/route.ts` and in one such file for each API:
 * `export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = nextBff(bff)`.
 * @param bff what `createBff()` made, or a function that makes it at the first request and calls it. The function is for builds without
 *   secrets: Next.js runs the modules of routes while it builds
 */
export function nextBff(bff: (request: Request) => Promise<Response | undefined>): RouteHandlers {
  const handle = async (request: Request) => (await bff(request)) ?? new Response(null, { status: 404 })
  return { GET: handle, HEAD: handle, POST: handle, PUT: handle, PATCH: handle, DELETE: handle, OPTIONS: handle }
}

/** Lets a page read, in an answer of another origin, what clients of a guard need. */
export const exposedFields = { 'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Date' } as const

/** What {@link preflight} allows. */
export interface PreflightOptions {
  /** Origins that may call, exactly as browsers send them, or `'*'`. */
  readonly origins: readonly string[] | '*'
  /** Methods that may be used. Default `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`. */
  readonly methods?: readonly string[]
  /** Request fields beside those of tokens. Default `Content-Type`. */
  readonly headers?: readonly string[]
  /** How long browsers remember the answer, ms. Default 600 000. */
  readonly maxAge?: number
}

/**
 * The CORS fields an answer to `origin` carries. `Vary: Origin` in any case: a cache would else give the answer for an origin that
 * may not call, or for no origin, to one that may.
 */
export function corsHeaders(origin: string | null, { origins }: PreflightOptions): Record<string, string> {
  const vary = { vary: 'Origin' }
  const mayCall = origin !== null && (origins === '*' || origins.includes(origin))
  if (!mayCall) return vary
  return {
    ...vary,
    'access-control-allow-origin': origins === '*' ? '*' : origin,
    ...exposedFields,
  }
}

/**
 * The answer to a CORS preflight, or `undefined` for any other request. It needs no token: put it before the guard. `Authorization`
 * and `DPoP` are named, as a `*` never covers `Authorization` (Fetch standard, CORS protocol).
 */
export function preflight(request: Request, options: PreflightOptions): Response | undefined {
  if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return undefined
  const { methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], headers = ['Content-Type'] } = options
  const cors = corsHeaders(request.headers.get('origin'), options)
  const isAllowed = cors['access-control-allow-origin'] !== undefined
  const allowed = {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': ['Authorization', 'DPoP', ...headers].join(', '),
    'access-control-max-age': `${Math.floor((options.maxAge ?? 600_000) / 1_000)}`,
  }
  return new Response(null, { status: 204, headers: isAllowed ? { ...cors, ...allowed } : cors })
}

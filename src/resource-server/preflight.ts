/** The CORS field that lets pages of other origins read the header fields that a client of a guard needs. */
export const exposedFields = { 'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Date' } as const

/** Options of {@link preflight}. */
export interface PreflightOptions {
  /** The origins whose pages may call the API, exactly as browsers send them; or `'*'` for all. */
  readonly origins: readonly string[] | '*'
  /** The methods that pages may use. Default `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`. */
  readonly methods?: readonly string[]
  /** The header fields that pages may send, besides `Authorization` and `DPoP`. Default `Content-Type`. */
  readonly headers?: readonly string[]
  /** How long browsers remember the answer, ms. Default 600 000. */
  readonly maxAge?: number
}

/**
 * The CORS fields for an answer to `origin`. `Vary: Origin` is always among them. Otherwise a cache could give an origin that may call the API
 * an answer that was made for another one.
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
 * The answer to a CORS preflight, or `undefined` for any other request. Call it before the guard, because a preflight has no token. The answer
 * names `Authorization` and `DPoP`, because a `*` never includes `Authorization` (Fetch standard, CORS protocol).
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

/**
 * The URL that the platform's `fetch` would read from `input`, if it treats `input` as a `Request`. `undefined` if `fetch` would turn `input`
 * into a text. `Request.prototype` is asked, because `fetch` ignores a member `url` that the object itself, or a class derived from
 * `Request`, may have.
 */
export function urlOfRequest(input: RequestInfo | URL): string | undefined {
  if (typeof input !== 'object') return

  const url = Object.getOwnPropertyDescriptor(Request.prototype, 'url')?.get
  // A Request of React Native has ordinary members, and its fetch reads them.
  if (!url) return input instanceof Request ? `${input.url}` : undefined

  try {
    return url.call(input)
  } catch {
    return
  }
}

/** A copy of `request` for `url`, which no other code can change. The body of `request` is used up, as it is by `fetch`. */
export function copyTo(url: string, request: Request): Request {
  return Object.defineProperty(new Request(request), 'url', { value: url })
}

/** The members that `fetch` would find in `init`, also inherited ones. Each is read only once, because a getter may give another value later. */
export function readOnce(init: RequestInit | undefined): RequestInit {
  const read: Record<string, unknown> = {}
  for (const name in init) read[name] = init[name as keyof RequestInit]
  return read
}

/** Headers as a plain object. Platforms read it several times faster than a `Headers`. */
export type PlainHeaders = Record<string, string>

/** A copy of the headers that `fetch` would find in `given`, without `Authorization` and `DPoP`. */
export function plainHeaders(given: HeadersInit = {}): PlainHeaders {
  const headers = { ...(Symbol.iterator in given ? Object.fromEntries(new Headers(given)) : given) }
  for (const name in headers) if (/^(authorization|dpop)$/i.test(name)) delete headers[name]
  return headers
}

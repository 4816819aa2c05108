/**
 * The URL of `input` where the platform's `fetch` would read it as a `Request`, whatever it claims to be; `undefined` where `fetch`
 * would make a text of it. A member `url` of the object's own, or of a class on top of `Request`, is not what is sent.
 */
export function urlOfRequest(input: RequestInfo | URL): string | undefined {
  if (typeof input !== 'object') return
  const url = Object.getOwnPropertyDescriptor(Request.prototype, 'url')?.get
  // React Native's Request has plain members: its fetch sends what they say.
  if (!url) return input instanceof Request ? `${input.url}` : undefined
  try {
    return url.call(input)
  } catch {
    return
  }
}

/** A copy of `request` that nobody else holds, and that goes to `url`. The body of `request` moves into it, as with `fetch`. */
export function copyTo(url: string, request: Request): Request {
  return Object.defineProperty(new Request(request), 'url', { value: url })
}

/** The members that `fetch` would find in `init`, inherited ones too. Each is read once: the next time it could be another. */
export function readOnce(init: RequestInit | undefined): RequestInit {
  const read: Record<string, unknown> = {}
  for (const name in init) read[name] = init[name as keyof RequestInit]
  return read
}

/** Headers as a plain object, which platforms read several times faster than `Headers`. */
export type PlainHeaders = Record<string, string>

/** A copy of the headers that `fetch` would find in `given`, without those that show a token. */
export function plainHeaders(given: HeadersInit = {}): PlainHeaders {
  const headers = { ...(Symbol.iterator in given ? Object.fromEntries(new Headers(given)) : given) }
  for (const name in headers) if (/^(authorization|dpop)$/i.test(name)) delete headers[name]
  return headers
}

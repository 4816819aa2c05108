import type { Fetch } from '../ports.ts'

/** React Native's `Request`, which keeps the body in the form in which it was given. */
interface NativeRequest extends Request {
  readonly _bodyInit: RequestInit['body']
  bodyUsed: boolean
}

/**
 * Arguments for `fetch` that mean the same as `input` and `init`, but have no `Request`. React Native's `Request` cannot be sent a second time
 * ("Already read"), and a copy of it loses the content type and the files of a form.
 */
export function withoutRequest(input: RequestInfo | URL, init: RequestInit | undefined): Parameters<Fetch> {
  if (!isNative(input) || input.bodyUsed) return [input, init]

  const { url, method, headers, credentials, signal, _bodyInit: body } = input
  const own: RequestInit = { method, headers, credentials, signal }
  if (body != null) {
    own.body = body
    input.bodyUsed = true
  }
  return [url, Object.assign(own, init)]
}

function isNative(input: RequestInfo | URL): input is NativeRequest {
  return input instanceof Request && '_bodyInit' in input
}

/**
 * Makes redirects visible. React Native's native code follows redirects even with `redirect: 'manual'`. If an answer comes from another place than
 * the request went to, it is replaced by a redirect, so that it is not taken for the server's own answer.
 */
export function withVisibleRedirects(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const isFollowed = init?.redirect === 'manual' && response.url && placeOf(response.url) !== placeOf(urlOf(input))
    return isFollowed ? new Response(null, { status: 302 }) : response
  }
}

function urlOf(input: RequestInfo | URL): string {
  return input instanceof Request ? input.url : String(input)
}

/**
 * The origin and the path of a URL, in a form that is the same on all phones. Android changes the case of the host, escapes, and the slash of an
 * empty path.
 */
function placeOf(url: string): string {
  return url
    .replace(/[?#].*/s, '')
    .replace(/%[\da-f]{2}|[^\w.:/~-]/gi, '')
    .replace(/^https:\/\/[^/]*/i, (origin) => origin.toLowerCase().replace(/:443$/, ''))
    .replace(/\/$/, '')
}

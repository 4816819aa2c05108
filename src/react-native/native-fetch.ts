import type { Fetch } from '../ports.ts'

/** React Native's own `Request`: it keeps the body as it was given. */
interface NativeRequest extends Request {
  readonly _bodyInit: RequestInit['body']
  bodyUsed: boolean
}

/**
 * The arguments that mean to `fetch` what `input` and `init` mean, without a `Request` of React Native in them: one whose body was sent is
 * "Already read", and a copy of it would lose the content type and the files of a form.
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
 * `fetch` where the native side follows redirects, whatever `redirect: 'manual'` asks for. The answer of another place becomes the redirect
 * that led there: nobody is to take it for the server's own.
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

/** Origin and path. Android writes a URL in its own way: letters of the host, escapes, the slash of an empty path. */
function placeOf(url: string): string {
  return url
    .replace(/[?#].*/s, '')
    .replace(/%[\da-f]{2}|[^\w.:/~-]/gi, '')
    .replace(/^https:\/\/[^/]*/i, (origin) => origin.toLowerCase().replace(/:443$/, ''))
    .replace(/\/$/, '')
}

import type { ApiRoute } from './api-route.ts'
import { goesBack, isForwarded } from './field-names.ts'
import { FIELD } from './refusal.ts'

/** The header fields of the page's request that are passed to the API. */
export function requestFields({ headers }: Request, { requestFields: further }: ApiRoute): Headers {
  const ofTheConnection = namesIn(headers.get('connection'))
  const kept = [...headers].filter(([name]) => {
    const isKnown = isForwarded(name) || further.has(name)
    return isKnown && !ofTheConnection.has(name)
  })
  // The API is asked not to compress its answer, because the backend would have to decode it.
  return new Headers([...kept, ['accept-encoding', 'identity']])
}

/** The header fields of the API's answer that are passed to the page. */
export function answerFields({ headers, url }: Response, route: ApiRoute, sentTo: string): Headers {
  const ofTheConnection = namesIn(headers.get('connection'))
  const kept = [...headers].filter(([name]) => goesBack(name) && !ofTheConnection.has(name))
  const fields = new Headers(kept)

  for (const name of ['location', 'content-location']) {
    const location = headers.get(name)
    const path = location === null ? undefined : route.pathFor(location, url || sentTo)
    if (path !== undefined) fields.set(name, path)
  }

  for (const line of headers.getSetCookie()) {
    const own = ownCookie(line, route)
    if (own !== undefined) fields.append('set-cookie', own)
  }

  fields.set('x-content-type-options', 'nosniff')
  fields.set('cache-control', privately(headers.get('cache-control')))
  fields.append('vary', `cookie, ${FIELD}`)
  return fields
}

/** `line` without its domain, so that the cookie is for this host only. `undefined` if the API may not set this cookie. */
function ownCookie(line: string, { setCookies }: ApiRoute): string | undefined {
  const [, name = ''] = /^\s*([^=;\s]+)\s*=/.exec(line) ?? []
  if (!setCookies.has(name)) return undefined
  return line
    .split(';')
    .filter((part) => !/^\s*domain\s*(=|$)/i.test(part))
    .join(';')
}

/**
 * `Cache-Control` for the page. A shared cache must not store an answer to a request with a token (RFC 9111 §3.5). A cache before the backend
 * does not see the token, so this field has to say it.
 */
function privately(control: string | null): string {
  if (control === null) return 'no-store'

  const isSaid = /\b(public|s-maxage|private|no-store)\b/i.test(control)
  return isSaid ? control : `private, ${control}`
}

function namesIn(list: string | null): ReadonlySet<string> {
  return new Set((list ?? '').split(',').map((name) => name.trim().toLowerCase()))
}

import { TokenManagerError } from '../errors.ts'
import type { SentRequest } from './authorized-fetch.ts'
import { redirectedError } from './authorized-fetch.ts'
import type { Match } from './resource-matcher.ts'

const MAX_HOPS = 20

/**
 * Makes the request that follows a redirect, where the platform shows redirects (Fetch §4.5). The token goes along only to places within the
 * entry of `resources` that the first request was for, and over at most 20 redirects. To other places a request with a Bearer token and no
 * body goes without the token, as platforms do it between origins. For a redirect without `Location` the result is `undefined`: the caller
 * gets the redirect itself.
 * @throws `ERR_REDIRECTED` for any other redirect; `ERR_NOT_REPLAYABLE` if a body that can be read only once would have to be sent again
 */
export function followRedirect(
  response: Response,
  sent: SentRequest,
  match: (url: string) => Match,
): SentRequest | undefined {
  const { status, type, headers: answered } = response
  if (type === 'opaqueredirect') throw redirectedError(sent.url, response)

  const location = answered.get('location')
  if (!location) return

  const where = absolute(location, sent.url)
  const to = match(where)
  const stays = to.target !== undefined && to.target === sent.target
  const isBare = sent.body === undefined && sent.init.headers.authorization?.startsWith('Bearer ')
  const isTooLong = sent.hops >= MAX_HOPS
  const canGoBare = isBare && !isTooLong
  if (!stays && canGoBare) return withoutToken(sent, where)
  if (!stays || isTooLong)
    throw redirectedError(sent.url, response, /^[^/]+\/\/[^/]+/.exec(to.url ?? to.place ?? '')?.[0])

  const request = typeof sent.to === 'string' ? undefined : sent.to
  const { signal = request?.signal ?? null } = sent.init
  const method = (sent.init.method ?? request?.method ?? 'GET').toUpperCase()
  const dropsBody = status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST'
  const headers = new Headers(sent.init.headers)
  if (dropsBody)
    for (const name of ['type', 'length', 'encoding', 'language', 'location']) headers.delete(`content-${name}`)

  const again = sent.body && !dropsBody ? sent.body.replay() : null
  if (again === undefined)
    throw new TokenManagerError(
      'ERR_NOT_REPLAYABLE',
      'retry_impossible',
      'The API redirects a request whose body can be read only once',
      { status },
    )

  return {
    ...sent,
    url: to.url,
    to: to.url,
    init: {
      ...sent.init,
      method: dropsBody ? 'GET' : method,
      headers: Object.fromEntries(headers),
      body: again,
      signal,
    },
    body: dropsBody ? undefined : sent.body,
    hops: sent.hops + 1,
  }
}

/** The same request to `where`, without the headers that only the API may see. The platform follows any further redirect. */
function withoutToken(sent: SentRequest, where: string): SentRequest {
  const request = typeof sent.to === 'string' ? undefined : sent.to
  const { method = request?.method ?? 'GET', signal = request?.signal ?? null } = sent.init
  const headers = new Headers(sent.init.headers)
  for (const name of ['authorization', 'proxy-authorization', 'cookie']) headers.delete(name)

  return {
    ...sent,
    target: undefined,
    url: where,
    to: where,
    init: { ...sent.init, method, headers: Object.fromEntries(headers), signal, redirect: 'follow' },
  }
}

function absolute(location: string, base: string): string {
  const [, scheme, host, path = ''] = /^([^/]+)(\/\/[^/]+)([^?#]*)/.exec(base) ?? []
  if (/^[a-z][a-z\d+.-]*:/i.test(location)) return location
  if (location.startsWith('//')) return `${scheme}${location}`

  const folder = /^[?#]/.test(location) ? path : location[0] === '/' ? '' : path.replace(/[^/]*$/, '')
  return `${scheme}${host}${folder}${location}`
}

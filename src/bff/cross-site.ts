import type { BffSettings } from './bff-settings.ts'
import { FIELD, Refused } from './refusal.ts'

/**
 * Who made the browser send a request.
 * - `own`: a page of this site.
 * - `listed`: a page of an origin in the option `origins`.
 * - `person`: somebody who typed the address or opened a bookmark.
 * - `unknown`: the request does not say. It comes from a program that is no browser, or from a browser without Fetch Metadata.
 * - `foreign`: anybody else.
 */
type Initiator = 'own' | 'listed' | 'person' | 'unknown' | 'foreign'

/** The value of `Origin` if the browser does not tell the origin. */
const UNTOLD = 'null'

/** Reads Fetch Metadata and `Origin`. If they disagree, the request counts as foreign. */
function initiatorOf({ headers }: Request, { origin: own, origins }: BffSettings): Initiator {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (origin !== null && origins.includes(origin)) return 'listed'

  // A form on a page with the referrer policy `no-referrer` sends `null`. `Sec-Fetch-Site` still says whether the page belongs to this site.
  const isToldElsewhere = origin === UNTOLD && site !== null
  const isForeign = origin !== null && origin !== own && !isToldElsewhere
  if (isForeign) return 'foreign'

  switch (site) {
    case null:
      return origin === null ? 'unknown' : 'own'
    case 'same-origin':
      return 'own'
    case 'none':
      return 'person'
    default:
      return 'foreign'
  }
}

/**
 * Lets only requests of the page's own script pass. They have the header field `x-tokenward`. Before another site may send this field, the
 * browser asks the backend (CORS preflight), and the backend refuses.
 * @throws Refused 403
 */
export function checkPageRequest(request: Request, settings: BffSettings): void {
  const initiator = initiatorOf(request, settings)
  const isForeign = initiator === 'foreign' || initiator === 'person'
  if (isForeign) throw crossSite('Only pages of this site may ask for this')

  if (request.headers.get(FIELD) !== '1')
    throw new Refused(403, 'header_missing', `Requests of the page have to carry ${FIELD}: 1`)
}

/**
 * Lets only top-level navigations pass that this site or the person began. Otherwise another site could sign its visitors in here, without
 * their knowledge, as the person who they are at the authorization server.
 * @throws Refused 403
 */
export function checkOwnNavigation(request: Request, settings: BffSettings): void {
  checkTopLevel(request)
  const initiator = initiatorOf(request, settings)
  const isForeign = initiator === 'foreign' || initiator === 'listed'
  if (isForeign) throw crossSite('Signing in begins on a page of this site: link to that page')
}

/**
 * Lets only forms of this site pass. A form cannot send the header field that a script sends.
 * @throws Refused 403
 */
export function checkOwnForm(request: Request, settings: BffSettings): void {
  checkTopLevel(request)
  if (initiatorOf(request, settings) !== 'own') throw crossSite('Only forms of this site may ask for this')
}

/**
 * Lets only handshakes pass by which a page of this site, or of a listed origin, opens a WebSocket. A browser sends a handshake for a page of
 * any site, but always with `Origin`.
 * @throws Refused 403
 */
export function checkSocketRequest(request: Request, settings: BffSettings): void {
  const initiator = initiatorOf(request, settings)
  const isOfPage = initiator === 'own' || initiator === 'listed'
  const isTold = (request.headers.get('origin') ?? UNTOLD) !== UNTOLD
  if (!isOfPage || !isTold) throw crossSite('Only pages of this site may open a WebSocket')
}

/** Fields by which a browser says that it loads a page ahead, before the person has asked for it. */
const AHEAD = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/**
 * Lets only requests pass whose answer fills a whole window. A frame, an image or a script is refused. A page that the browser loads ahead is
 * refused too: it would use up a sign-in, and the browser would drop its cookies. The browser asks again when the person goes there.
 * @throws Refused 403, 503
 */
export function checkTopLevel({ headers }: Request): void {
  const isAhead = AHEAD.some((name) => /prefetch|preview/.test(headers.get(name) ?? ''))
  if (isAhead) throw new Refused(503, 'prefetched', 'This page is not loaded before the person goes there')

  // A browser sends all of these fields or none. Some programs that are no browsers send only `Sec-Fetch-Mode`.
  const isTold = headers.has('sec-fetch-site')
  const fillsWindow = headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
  if (isTold && !fillsWindow) throw crossSite('This is for a top-level navigation')
}

/** The answer to a CORS preflight, or `undefined` if `request` is none. */
export function preflightAnswer(request: Request, settings: BffSettings): Response | undefined {
  const method = request.headers.get('access-control-request-method')
  if (request.method !== 'OPTIONS' || method === null) return undefined
  if (initiatorOf(request, settings) !== 'listed') throw crossSite('This origin is not listed')

  return new Response(null, {
    status: 204,
    headers: {
      ...corsFields(request, settings),
      'access-control-allow-methods': method,
      'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '',
      'access-control-max-age': '600',
    },
  })
}

/** The CORS fields that let a page of a listed origin read an answer. None for any other page. */
export function corsFields(request: Request, settings: BffSettings): Readonly<Record<string, string>> {
  const isListed = initiatorOf(request, settings) === 'listed'
  if (!isListed) return {}

  return {
    'access-control-allow-origin': request.headers.get('origin') ?? '',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': FIELD,
  }
}

function crossSite(message: string): Refused {
  return new Refused(403, 'cross_site', message)
}

import type { BffSettings } from './bff-settings.ts'
import { FIELD, Refused } from './refusal.ts'

/**
 * Who made the browser send a request. `own`: a page of this site; `listed`: a page of an origin in option `origins`; `person`: somebody who
 * typed the address or opened a bookmark; `unknown`: nothing says (no browser, or one from before Fetch Metadata); `foreign`: anybody else.
 */
type Initiator = 'own' | 'listed' | 'person' | 'unknown' | 'foreign'

/** What browsers send when they do not tell the origin. */
const UNTOLD = 'null'

/** Reads Fetch Metadata, and else `Origin`. Where the two do not agree, the worse one counts. */
function initiatorOf({ headers }: Request, { origin: own, origins }: BffSettings): Initiator {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (origin !== null && origins.includes(origin)) return 'listed'
  // A form of a page with the policy `no-referrer` sends `null`. `Sec-Fetch-Site` still says whether the page is of this site.
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
 * Lets a request of the page's script pass. No other site can send the field without being asked first, and it is answered no then (CORS).
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
 * Lets a top-level navigation pass that this site, or the person, began. Another site could else have its visitors signed in as whoever
 * they are at the authorization server by then.
 * @throws Refused 403
 */
export function checkOwnNavigation(request: Request, settings: BffSettings): void {
  checkTopLevel(request)
  const initiator = initiatorOf(request, settings)
  const isForeign = initiator === 'foreign' || initiator === 'listed'
  if (isForeign) throw crossSite('Signing in begins on a page of this site: link to that page')
}

/**
 * Lets a form of this site pass, which can send no field.
 * @throws Refused 403
 */
export function checkOwnForm(request: Request, settings: BffSettings): void {
  checkTopLevel(request)
  if (initiatorOf(request, settings) !== 'own') throw crossSite('Only forms of this site may ask for this')
}

/**
 * Lets the handshake of a WebSocket pass, which browsers send for any page, and always with `Origin`.
 * @throws Refused 403
 */
export function checkSocketRequest(request: Request, settings: BffSettings): void {
  const initiator = initiatorOf(request, settings)
  const isOfPage = initiator === 'own' || initiator === 'listed'
  const isTold = (request.headers.get('origin') ?? UNTOLD) !== UNTOLD
  if (!isOfPage || !isTold) throw crossSite('Only pages of this site may open a WebSocket')
}

/** Fields in which browsers say that they load ahead what the person may ask for, or not. */
const AHEAD = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/**
 * Lets what fills a whole window pass, and no frame, image or script. A page that is loaded ahead has to wait: a sign-in would be used up, and
 * its cookies thrown away. A browser that is refused asks again when the person goes there.
 * @throws Refused 403, 503
 */
export function checkTopLevel({ headers }: Request): void {
  const isAhead = AHEAD.some((name) => /prefetch|preview/.test(headers.get(name) ?? ''))
  if (isAhead) throw new Refused(503, 'prefetched', 'This page is not loaded before the person goes there')

  // Browsers send all of them or none; some programs send a mode alone.
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

/** What lets the page of a listed origin read an answer. Nothing for any other. */
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

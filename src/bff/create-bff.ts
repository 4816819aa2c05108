import { TokenManagerError } from '../errors.ts'
import { proxied } from './api-proxy.ts'
import { routeFor } from './api-route.ts'
import { asJson } from './as-json.ts'
import type { BffOptions } from './bff-options.ts'
import { bffSettings } from './bff-settings.ts'
import { checkPageRequest, corsFields, preflightAnswer } from './cross-site.ts'
import { eventStream } from './event-stream.ts'
import { pageToken } from './page-token.ts'
import { Refused, refusalAsJson, refusalAsText, refusedBy } from './refusal.ts'
import { accountOf, sessionCookies } from './session-cookie.ts'
import { callback, login } from './sign-in.ts'
import { logout } from './sign-out.ts'
import { type BffVisitor, visitorOf } from './visitor.ts'
import { type AllowedSocket, allowedSocket } from './web-socket.ts'

/**
 * A website's backend. It answers the requests to its own paths and to the APIs. For any other request it gives `undefined`. No request that
 * a browser can send makes it reject.
 */
export interface Bff {
  (request: Request): Promise<Response | undefined>
  /** Scheme, host and port of the site, taken from the redirect URI. Adapters put it before a path. */
  readonly origin: string
  /** Whether the backend answers requests to `path`. */
  handles(path: string): boolean
  /**
   * The person for whom a server renders a page. If the cookie has `SameSite=Strict`, which is the default, browsers do not send it after a
   * click on a link of another site, nor right after a sign-in. Servers that render pages for people need `cookie: { sameSite: 'Lax' }`.
   * @param cookie the header `Cookie` of the request for the page: `request.headers.get('cookie')`, in Node `request.headers.cookie`
   */
  visitor(cookie: string | null | undefined): BffVisitor
  /**
   * For adapters: decides whether the page may open a WebSocket.
   * @param request the handshake
   * @throws an error to give to `refused`
   */
  openSocket(request: Request): Promise<AllowedSocket>
  /** For adapters: makes the refusal that answers a request to `path` after `error`, and calls `onRefusal`. */
  refused(error: unknown, path: string | undefined): Refused
}

/** Who sends a request. This decides which checks it has to pass, and whether a refusal is JSON or text. */
type Caller = 'page' | 'person' | 'server'

interface Route {
  readonly methods: readonly string[]
  readonly caller: Caller
  answer(request: Request): Promise<Response>
}

/**
 * Makes a website's backend that keeps the tokens (the backend for frontend of RFC 10017 §6.1). The browser has only a cookie that names the
 * session. Every request of the page to an API goes through the backend, which adds the access token. The backend's own paths are in the
 * folder of `redirectUri`: `login`, `callback`, `logout`, `session`, `events` and `token`. There is also `backchannel`, unless you give a
 * session pool and no `backchannelLogout`.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createBff(options: BffOptions): Bff {
  const settings = bffSettings(options)
  const { sessions, base, routes, origin, clock, backchannelLogout } = settings
  const cookies = sessionCookies(settings)

  const own: Readonly<Record<string, Route>> = {
    login: { methods: ['GET'], caller: 'person', answer: (request) => login(request, settings, cookies) },
    callback: { methods: ['GET'], caller: 'person', answer: (request) => callback(request, settings, cookies) },
    logout: { methods: ['POST'], caller: 'page', answer: (request) => logout(request, settings, cookies) },
    session: { methods: ['GET'], caller: 'page', answer: tellSession },
    events: { methods: ['GET'], caller: 'page', answer: streamEvents },
    token: { methods: ['POST'], caller: 'page', answer: handOutToken },
    ...(backchannelLogout && {
      backchannel: { methods: ['POST'], caller: 'server', answer: backchannelLogout },
    }),
  }

  const handle = async (request: Request): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url)
    const route = ownRoute(pathname) ?? apiRoute(pathname)
    if (!route) return undefined

    try {
      return await answered(request, route)
    } catch (error) {
      const refused = refusal(error, pathname)
      return route.caller === 'person' ? refusalAsText(refused) : withCors(refusalAsJson(refused), request)
    }
  }

  return Object.assign(handle, {
    origin,
    visitor,
    handles: (path: string) => (ownRoute(path) ?? apiRoute(path)) !== undefined,
    openSocket: (request: Request) => allowedSocket(request, cookies.session(request), settings),
    refused: (error: unknown, path = '') => refusal(error, path.replace(/[?#].*/s, '')),
  })

  function visitor(cookie: string | null | undefined): BffVisitor {
    return visitorOf(cookies.session({ headers: { get: () => cookie ?? null } }), settings)
  }

  function refusal(error: unknown, path: string): Refused {
    const refused = refusedBy(error, clock.now())
    settings.tell(refused, path)
    return refused
  }

  function ownRoute(path: string): Route | undefined {
    const name = path.startsWith(`${base}/`) ? path.slice(base.length + 1) : ''
    return Object.hasOwn(own, name) ? own[name] : undefined
  }

  function apiRoute(path: string): Route | undefined {
    const route = routeFor(routes, path)
    if (!route) return undefined

    return {
      methods: [],
      caller: 'page',
      answer: async (request) => proxied(request, route, accountIn(request), settings),
    }
  }

  async function answered(request: Request, { methods, caller, answer }: Route): Promise<Response> {
    if (caller === 'server') return answer(request)

    const preflight = preflightAnswer(request, settings)
    if (preflight) return preflight

    const isKnown = methods.length === 0 || methods.includes(request.method)
    if (!isKnown)
      throw new Refused(405, 'method_not_allowed', `This path takes ${methods}`, { allow: methods.join(', ') })

    const response = await answer(request)
    return caller === 'page' ? withCors(response, request) : response
  }

  async function tellSession(request: Request): Promise<Response> {
    checkPageRequest(request, settings)
    return asJson(await visitorOf(cookies.session(request), settings).session())
  }

  async function streamEvents(request: Request): Promise<Response> {
    const account = accountIn(request)
    const { state } = await sessions.check(account)
    if (state.status === 'signedOut') throw new TokenManagerError('ERR_SIGNED_OUT', state.reason)

    return eventStream(account, settings)
  }

  async function handOutToken(request: Request): Promise<Response> {
    return pageToken(request, accountIn(request), settings)
  }

  /** The account, in the pool, of the session that a request of the page belongs to. */
  function accountIn(request: Request): string {
    checkPageRequest(request, settings)

    const name = cookies.session(request)
    if (name !== undefined) return accountOf(name)

    throw new TokenManagerError('ERR_SIGNED_OUT', 'none', 'Nobody is signed in')
  }

  function withCors(response: Response, request: Request): Response {
    for (const [name, value] of Object.entries(corsFields(request, settings))) response.headers.set(name, value)
    if (settings.origins.length > 0) response.headers.append('vary', 'origin')

    return response
  }
}

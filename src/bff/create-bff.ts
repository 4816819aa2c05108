import { TokenManagerError } from '../errors.ts'
import { proxied } from './api-proxy.ts'
import { routeFor } from './api-route.ts'
import type { BffOptions } from './bff-options.ts'
import { bffSettings } from './bff-settings.ts'
import { checkPageRequest, corsFields, preflightAnswer } from './cross-site.ts'
import { eventStream } from './event-stream.ts'
import { Refused, refusalAsJson, refusalAsText, refusedBy } from './refusal.ts'
import { asJson, NOBODY, sessionAnswer } from './session-answer.ts'
import { accountOf, sessionCookies } from './session-cookie.ts'
import { callback, login } from './sign-in.ts'
import { logout } from './sign-out.ts'

/** A website's backend: answers what is its own, and `undefined` for what is not. It rejects for nothing that a browser can send. */
export interface Bff {
  (request: Request): Promise<Response | undefined>
  /** Scheme, host and port of the site, from the redirect URI: what the adapters put before a path. */
  readonly origin: string
  /** Whether a path is one of the backend's own. */
  handles(path: string): boolean
}

/** Who asks: decides about the rules and about the form of a refusal. */
type Caller = 'page' | 'person' | 'server'

interface Route {
  readonly methods: readonly string[]
  readonly caller: Caller
  answer(request: Request): Promise<Response>
}

/**
 * A website's backend that keeps the tokens (the backend for frontend of RFC 10017 §6.1): the browser has a cookie that names the session, and
 * every request of the page to an API goes through here, where the access token is added. Below the base of `redirectUri` there are `login`,
 * `callback`, `logout`, `session`, `events`, and `backchannel` where that is wanted.
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
      const refused = refusedBy(error, clock.now())
      settings.tell(refused, request)
      return route.caller === 'person' ? refusalAsText(refused) : withCors(refusalAsJson(refused), request)
    }
  }
  return Object.assign(handle, {
    origin,
    handles: (path: string) => (ownRoute(path) ?? apiRoute(path)) !== undefined,
  })

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
      async answer(request) {
        checkPageRequest(request, settings)
        const name = cookies.session(request)
        if (name === undefined) throw new TokenManagerError('ERR_SIGNED_OUT', 'none', 'Nobody is signed in')
        return proxied(request, route, name, settings)
      },
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
    const name = cookies.session(request)
    if (name === undefined) return asJson(NOBODY)
    return asJson(sessionAnswer(await sessions.check(accountOf(name)), settings))
  }

  async function streamEvents(request: Request): Promise<Response> {
    checkPageRequest(request, settings)
    const name = cookies.session(request)
    const account = name === undefined ? undefined : accountOf(name)
    const { state } = account === undefined ? { state: undefined } : await sessions.check(account)
    if (account === undefined || state?.status !== 'signedIn')
      throw new TokenManagerError('ERR_SIGNED_OUT', state?.status === 'signedOut' ? state.reason : 'none')
    return eventStream(account, settings)
  }

  function withCors(response: Response, request: Request): Response {
    for (const [name, value] of Object.entries(corsFields(request, settings))) response.headers.set(name, value)
    if (settings.origins.length > 0) response.headers.append('vary', 'origin')
    return response
  }
}

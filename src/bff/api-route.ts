import { invalidOption } from '../errors.ts'
import { aBoolean, anObject, between, type Check, check, texts } from '../manager/check-options.ts'
import { resourceMatcher } from '../requests/resource-matcher.ts'
import type { SessionPool } from '../session-pool/session-pool.ts'
import type { BffApi } from './bff-options.ts'
import { isForwardable } from './field-names.ts'
import { Refused } from './refusal.ts'

/** A path of this site, and the API behind it. */
export interface ApiRoute extends Required<Omit<BffApi, 'url' | 'requestFields' | 'setCookies'>> {
  /** The path on this site, without a slash at the end. */
  readonly path: string
  /** The names of the header fields to pass on, in lower case. */
  readonly requestFields: ReadonlySet<string>
  readonly setCookies: ReadonlySet<string>
  /**
   * The URL at the API for a path and a query of this site.
   * @throws Refused 400 if a server could understand the URL as another place
   */
  urlFor(path: string, query: string): string
  /** The path on this site for a URL of the API. `undefined` for a URL elsewhere. A relative `location` is resolved against `base`. */
  pathFor(location: string, base: string): string | undefined
}

const PLACE = 'an absolute https URL without query, fragment, dot segments and user name'

const checks: Readonly<Record<keyof BffApi, Check>> = {
  url: [(value: unknown) => typeof value === 'string', PLACE],
  timeout: between(1, 600_000),
  maxBodySize: [(value: number) => value >= 0, 'a number of bytes, or Infinity'],
  requestFields: texts,
  webSockets: aBoolean,
  setCookies: texts,
}

const PATH = /^(\/[\w.~-]+)+$/

/**
 * Reads the option `api`. The route with the longest path comes first.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function readApiRoutes(
  api: Readonly<Record<string, string | BffApi>>,
  base: string,
  sessions: SessionPool,
): readonly ApiRoute[] {
  const routes = Object.entries(api).map(([path, given]) => {
    const name = `api['${path}']`
    const isOwn = path === base || path.startsWith(`${base}/`)
    const climbs = path.split('/').some((part) => part === '.' || part === '..')
    const isClear = PATH.test(path) && !climbs
    if (!isClear || isOwn)
      throw invalidOption(
        name,
        `a path of this site outside of ${base}, such as /api/notes, without a slash at the end`,
      )

    return readRoute(path, apiOptions(given, name), name, sessions)
  })
  return routes.sort((a, b) => b.path.length - a.path.length)
}

/** The route that covers `path`. */
export function routeFor(routes: readonly ApiRoute[], path: string): ApiRoute | undefined {
  return routes.find((route) => path === route.path || path.startsWith(`${route.path}/`))
}

/**
 * The URLs of option `api`.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function apiUrls(api: Readonly<Record<string, string | BffApi>>): readonly string[] {
  check({ api }, { api: anObject }, '')

  return Object.entries(api).map(([path, given]) => {
    const name = `api['${path}']`
    const { url } = apiOptions(given, name)
    judgeOf(url, name)
    return url
  })
}

function apiOptions(given: string | BffApi, name: string): BffApi {
  const options: BffApi = typeof given === 'string' ? { url: given } : Object(given)
  check(options, checks, `${name}.`)
  return options
}

function readRoute(path: string, given: BffApi, name: string, sessions: SessionPool): ApiRoute {
  const { url, timeout = 30_000, maxBodySize = 10_485_760, requestFields = [], setCookies = [] } = given
  const { webSockets = false } = given
  const judge = judgeOf(url, name)
  if (!sessions.allows(url)) throw invalidOption(`${name}.url`, 'covered by option resources of the session pool')

  const fields = requestFields.map((field) => field.toLowerCase())
  const refused = fields.find((field) => !isForwardable(field))
  if (refused !== undefined)
    throw invalidOption(`${name}.requestFields`, `a list without ${refused}, which never goes through`)

  const cookies = setCookies.filter((cookie) => /^(?!__)[\w.-]+$/.test(cookie))
  if (cookies.length < setCookies.length)
    throw invalidOption(
      `${name}.setCookies`,
      'a list of names of letters, digits, ".", "-" and "_" that do not begin with __',
    )

  const place = url.replace(/\/$/, '')
  return {
    path,
    timeout,
    maxBodySize,
    webSockets,
    requestFields: new Set(fields),
    setCookies: new Set(cookies),
    urlFor(asked, query) {
      const below = asked.slice(path.length)
      const judged = judge((below ? place + below : url) + query)
      if (judged) return judged

      throw new Refused(400, 'invalid_request', `Below ${path} this path or query could be read as another place`)
    },
    pathFor(location, from) {
      const reached = URL.canParse(location, from) ? new URL(location, from) : undefined
      if (!reached || reached.hash) return undefined
      if (!judge(reached.href)) return undefined

      const { pathname } = new URL(place)
      const below = pathname === '/' ? reached.pathname : reached.pathname.slice(pathname.length)
      return path + below + reached.search
    },
  }
}

/** Makes a function that reads a URL strictly. It gives `undefined` for a URL that does not belong to this API. */
function judgeOf(url: string, name: string): (url: string) => string | undefined {
  try {
    // The pool has its own option that decides whether http is allowed.
    const match = resourceMatcher([url], { insecureLoopback: true })
    return (each) => match(each).url
  } catch {
    throw invalidOption(`${name}.url`, PLACE)
  }
}

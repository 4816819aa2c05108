import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { Clock } from '../ports.ts'
import type { SessionPool } from '../session-pool/session-pool.ts'
import { type ApiRoute, readApiRoutes } from './api-route.ts'
import type { BffCookieOptions, BffOptions, BffPageToken } from './bff-options.ts'
import type { Refused } from './refusal.ts'
import { returnPath } from './return-path.ts'

/** The options, complete and checked. */
export interface BffSettings {
  readonly sessions: SessionPool
  /** Scheme, host and port of this site, as browsers write them. */
  readonly origin: string
  /** Whether this site has https. */
  readonly isSecure: boolean
  /** What the backend's own paths begin with. */
  readonly base: string
  readonly routes: readonly ApiRoute[]
  readonly cookie: Required<Omit<BffCookieOptions, 'maxAge'>> & { readonly maxAge: number | undefined }
  readonly origins: readonly string[]
  readonly forwarded: (request: Request) => string | undefined
  readonly backchannelLogout: BffOptions['backchannelLogout'] | undefined
  readonly claims: readonly string[] | undefined
  readonly pageTokens: readonly BffPageToken[]
  readonly signInFailed: string | undefined
  readonly clock: Clock
  /** Tells `onRefusal`. */
  readonly tell: (refused: Refused, path: string) => void
}

/**
 * Reads the options.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function bffSettings(options: BffOptions): BffSettings {
  const { sessions, origins = [], claims, backchannelLogout, signInFailed, onRefusal, clock = systemClock } = options
  if (typeof sessions?.check !== 'function') throw invalid('sessions', 'made by createSessionPool()')
  const { origin, base } = placeOf(sessions)

  for (const [name, value] of Object.entries({ backchannelLogout, onRefusal }))
    if (value !== undefined && typeof value !== 'function') throw invalid(name, 'a function')
  if (claims && !isListOfTexts(claims)) throw invalid('claims', 'a list of names')
  if (!(isListOfTexts(origins) && origins.every(isOrigin)))
    throw invalid('origins', 'a list of origins such as https://www.example.com, without a slash at the end')
  if (signInFailed !== undefined && returnPath(signInFailed, origin) !== signInFailed)
    throw invalid('signInFailed', 'a path of this site')

  return {
    sessions,
    origin,
    base,
    isSecure: origin.startsWith('https:'),
    routes: readApiRoutes(options.api ?? {}, base, sessions),
    cookie: cookieOf(options.cookie),
    origins,
    claims,
    pageTokens: pageTokensOf(options.pageTokens),
    backchannelLogout,
    signInFailed,
    forwarded: forwardedBy(options.forwarded, origin),
    clock,
    tell: telling(onRefusal),
  }
}

function placeOf({ redirectUri = '' }: SessionPool): { readonly origin: string; readonly base: string } {
  const [, origin, base] = /^(https?:\/\/[^/?#]+)(\/[\w.~/-]*[\w~-])\/callback$/.exec(redirectUri) ?? []
  const isWritten = origin !== undefined && new URL(redirectUri).origin === origin
  if (!isWritten || base === undefined)
    throw invalid(
      'redirectUri of sessions',
      'the URL of a path that ends with /callback, as https://app.example.com/auth/callback',
    )
  return { origin, base }
}

function pageTokensOf(pageTokens: readonly BffPageToken[] = []): readonly BffPageToken[] {
  const isToken = ({ resource, audience, scope }: BffPageToken) => {
    const names = [resource, audience].filter((one) => one !== undefined)
    return typeof scope === 'string' && scope !== '' && names.every((one) => typeof one === 'string')
  }
  if (Array.isArray(pageTokens) && pageTokens.every(isToken)) return pageTokens
  throw invalid('pageTokens', 'a list of { resource?, audience?, scope }, each with a scope')
}

function cookieOf({ name = 'session', prefix = '__Host-', sameSite = 'Strict', maxAge }: BffCookieOptions = {}) {
  if (!/^[\w-]{1,40}$/.test(name)) throw invalid('cookie.name', '1 to 40 letters, digits, - and _')
  if (!['__Host-', '__Host-Http-'].includes(prefix)) throw invalid('cookie.prefix', '__Host- or __Host-Http-')
  if (!['Strict', 'Lax'].includes(sameSite)) throw invalid('cookie.sameSite', 'Strict or Lax')
  const isAge = maxAge === undefined || (maxAge >= 1_000 && maxAge <= Number.MAX_SAFE_INTEGER)
  if (!isAge) throw invalid('cookie.maxAge', 'at least 1000 ms')
  return { name, prefix, sameSite, maxAge }
}

function forwardedBy(forwarded: BffOptions['forwarded'] = false, origin: string): BffSettings['forwarded'] {
  if (typeof forwarded === 'function') return forwarded
  const { host, protocol } = new URL(origin)
  const value = `host="${host}";proto=${protocol.slice(0, -1)}`
  return () => (forwarded ? value : undefined)
}

function telling(onRefusal: BffOptions['onRefusal']): BffSettings['tell'] {
  return ({ status, code, message, cause }, path) => {
    try {
      onRefusal?.({ status, code, message, path, error: cause })
    } catch {
      // Whoever listens has no say in the answer.
    }
  }
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

/** `ERR_INVALID_OPTION`, naming the option and what it has to be. */
function invalid(name: string, expected: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', `Option ${name} has to be ${expected}`)
}

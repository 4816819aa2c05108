import { createHash } from 'node:crypto'
import { invalidOption } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { aFunction, anObject, between, type Check, check, oneOf, port, texts } from '../manager/check-options.ts'
import type { Clock } from '../ports.ts'
import type { SessionPool } from '../session-pool/session-pool.ts'
import { type ApiRoute, readApiRoutes } from './api-route.ts'
import type { BffCookieOptions, BffOptions, BffPageToken, BffPoolOptions, BffSiteOptions } from './bff-options.ts'
import { connectionLimit } from './connection-limit.ts'
import { madeSessions } from './made-sessions.ts'
import { type Refused, telling } from './refusal.ts'
import { returnPath } from './return-path.ts'
import { signInLimit } from './sign-in-limit.ts'

/** The options, checked and with their defaults. */
export interface BffSettings {
  readonly sessions: SessionPool
  /** Scheme, host and port of this site, as browsers write them. */
  readonly origin: string
  /** Whether this site has https. */
  readonly isSecure: boolean
  /** The beginning of the backend's own paths, such as `/auth`. */
  readonly base: string
  readonly routes: readonly ApiRoute[]
  readonly cookie: Required<Omit<BffCookieOptions, 'maxAge'>> & { readonly maxAge: number | undefined }
  readonly origins: readonly string[]
  readonly forwarded: (request: Request) => string | undefined
  readonly backchannelLogout: BffPoolOptions['backchannelLogout'] | undefined
  readonly claims: readonly string[] | undefined
  readonly pageTokens: readonly BffPageToken[]
  readonly signInFailed: string | undefined
  readonly clock: Clock
  /** Counts an open connection of a session. It returns a function to call when the connection is closed. Throws if there are too many. */
  readonly countConnection: (account: string) => () => void
  /** Counts a sign-in of a person without a session. Throws if there are too many. */
  readonly countSignIn: () => void
  /** Calls `onRefusal`. */
  readonly tell: (refused: Refused, path: string) => void
}

const siteChecks: Readonly<Record<keyof BffSiteOptions, Check>> = {
  api: anObject,
  cookie: anObject,
  pageTokens: [
    (value: unknown) => Array.isArray(value) && value.every((one) => isPageToken(Object(one))),
    'a list of { resource?, audience?, scope }, each with a scope',
  ],
  claims: texts,
  origins: [
    (value: unknown) => Array.isArray(value) && value.every(isOrigin),
    'a list of origins such as https://www.example.com, without a slash at the end',
  ],
  signInFailed: [(value: unknown) => typeof value === 'string', 'a path of this site'],
  forwarded: [
    (value: unknown) => typeof value === 'boolean' || typeof value === 'function',
    'true, false or a function',
  ],
  maxSignIns: between(1, 10_000_000, ''),
  onRefusal: aFunction,
  clock: port('now', 'elapsed', 'at'),
}

const poolChecks: Readonly<Record<keyof BffPoolOptions, Check>> = {
  ...siteChecks,
  sessions: [port('check')[0], 'made by createSessionPool()'],
  backchannelLogout: aFunction,
}

/** Characters of a cookie's name without its prefix. */
const LONGEST_NAME = 40

const cookieChecks: Readonly<Record<keyof BffCookieOptions, Check>> = {
  name: [(value: string) => /^[\w-]{1,40}$/.test(value), `1 to ${LONGEST_NAME} letters, digits, - and _`],
  prefix: oneOf('__Host-', '__Host-Http-'),
  sameSite: oneOf('Strict', 'Lax'),
  maxAge: [(value: number) => value >= 1_000 && value <= Number.MAX_SAFE_INTEGER, 'at least 1000 ms'],
}

/**
 * Reads the options.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function bffSettings(options: BffOptions): BffSettings {
  const { sessions, backchannelLogout, ...site } = completed(options)
  const { origins = [], claims, pageTokens = [], signInFailed, onRefusal, clock = systemClock } = site
  const { origin, base } = placeOf(sessions)

  if (signInFailed !== undefined && returnPath(signInFailed, origin) !== signInFailed)
    throw invalidOption('signInFailed', 'a path of this site')

  return {
    sessions,
    origin,
    base,
    isSecure: origin.startsWith('https:'),
    routes: readApiRoutes(site.api ?? {}, base, sessions),
    cookie: cookieOf(site.cookie, base),
    origins,
    claims,
    pageTokens,
    backchannelLogout,
    signInFailed,
    forwarded: forwardedBy(site.forwarded, origin),
    clock,
    countConnection: connectionLimit(),
    countSignIn: signInLimit(site.maxSignIns ?? 100_000, clock),
    tell: telling(onRefusal),
  }
}

/** The options with sessions: those that are given, or those that are made. */
function completed(options: BffOptions): BffPoolOptions {
  const pool = hasPool(options) ? options : madeSessions(options)
  check(pool, poolChecks, '')
  return pool
}

function hasPool(options: BffOptions): options is BffPoolOptions {
  return options.sessions !== undefined
}

function placeOf({ redirectUri = '' }: SessionPool): { readonly origin: string; readonly base: string } {
  const [, origin, base] = /^(https?:\/\/[^/?#]+)(\/[\w.~/-]*[\w~-])\/callback$/.exec(redirectUri) ?? []
  const isWritten = origin !== undefined && new URL(redirectUri).origin === origin
  if (!isWritten || base === undefined)
    throw invalidOption(
      'redirectUri of sessions',
      'the URL of a path that ends with /callback, as https://app.example.com/auth/callback',
    )
  return { origin, base }
}

function isPageToken({ resource, audience, scope }: BffPageToken): boolean {
  const names = [resource, audience].filter((one) => one !== undefined)
  return typeof scope === 'string' && scope !== '' && names.every((one) => typeof one === 'string')
}

function cookieOf(given: BffCookieOptions = {}, base: string): BffSettings['cookie'] {
  check(given, cookieChecks, 'cookie.')
  const { name = cookieNameFor(base), prefix = '__Host-', sameSite = 'Strict', maxAge } = given
  return { name, prefix, sameSite, maxAge }
}

/**
 * Cookies with the prefix are for all paths of a host, and so for each of its backends. A path that cannot be read back from the name is in it
 * as a hash.
 */
function cookieNameFor(base: string): string {
  if (base === '/auth') return 'session'

  const name = `session${base.replaceAll('/', '-')}`
  const isReadable = /^(\/\w+)+$/.test(base) && name.length <= LONGEST_NAME
  return isReadable ? name : `session-${createHash('sha256').update(base).digest('hex').slice(0, 16)}`
}

function forwardedBy(forwarded: BffOptions['forwarded'] = false, origin: string): BffSettings['forwarded'] {
  if (typeof forwarded === 'function') return forwarded

  const { host, protocol } = new URL(origin)
  const value = `host="${host}";proto=${protocol.slice(0, -1)}`
  return () => (forwarded ? value : undefined)
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

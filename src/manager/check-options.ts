import { invalidOption } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import type { ResourceOption } from '../requests/resource-matcher.ts'
import { checkProtection, checkTarget, TARGETS, type TokenManagerOptions } from './options.ts'

/** A check of an option's value, and the words for what it has to be. */
export type Check = readonly [is: (value: never) => boolean, sentence?: string | undefined]

/** @param sentence the end of the sentence "Option … has to be …" */
function rule(is: Check[0], sentence?: string): Check {
  return [is, sentence]
}

const isText = (value: unknown) => typeof value === 'string'
const isObject = (value: unknown) => typeof value === 'object' && value !== null
const holdsTexts = (value: object) => Object.values(value).every(isText)

const text = rule(isText, 'a string')
const url = rule(
  (value: unknown) => isText(value) && /^([a-z][a-z\d+.-]*:[^\s#]|\/(?!\/))[^\s#]*$/i.test(value),
  'an absolute URL without fragment, or a path',
)
/** True or false. */
export const aBoolean = rule((value: unknown) => typeof value === 'boolean', 'true or false')
/** A function. */
export const aFunction = rule((value: unknown) => typeof value === 'function', 'a function')
/** An object. */
export const anObject = rule(isObject, 'an object')
const strings = rule((value: object) => isObject(value) && holdsTexts(value), 'an object of strings')
/** A list of strings. */
export const texts = rule((value: object) => Array.isArray(value) && holdsTexts(value), 'a list of strings')

/** One of some texts. */
export const oneOf = (...allowed: string[]): Check =>
  rule((value: string) => allowed.includes(value), allowed.join(' or '))
/** A number within bounds. */
export const between = (low: number, high: number, unit = ' ms'): Check =>
  rule((value: unknown) => typeof value === 'number' && value >= low && value <= high, `${low} to ${high}${unit}`)
/** An object with these methods. */
export const port = (...methods: string[]): Check =>
  rule(
    (value: Record<string, unknown> | null) => methods.every((name) => typeof value?.[name] === 'function'),
    `an object with ${methods.join(', ')}`,
  )
/** An object that one of this library's functions makes. */
const made = (by: string): Check => rule(port('start')[0], by)

const atLeastASecond = between(1_000, Number.MAX_SAFE_INTEGER)
// The lower bound finds values in seconds, given by mistake.
const upToAnHour = between(1_000, 3_600_000)
const throwOrBare = oneOf('throw', 'bare')
const userAgent = port('authorize', 'callbackUrl')

const checks: Readonly<Record<string, Check>> = {
  issuer: text,
  metadata: anObject,
  clientId: text,
  redirectUri: url,
  postLogoutRedirectUri: url,
  endSessionParams: aFunction,
  scope: text,
  resources: rule(Array.isArray, 'a list'),
  resourceParameters: rule(
    (value: unknown) => Array.isArray(value) && value.every((one) => TARGETS.includes(one)),
    'resource, audience, both or none',
  ),
  unlisted: throwOrBare,
  whenSignedOut: throwOrBare,
  refresh: anObject,
  expiresInZero: oneOf('unknown', 'expired'),
  dpop: made('dpop()'),
  limits: made('sessionLimits()'),
  requestTimeout: between(1_000, 60_000),
  confirmInterval: between(0, 60_000),
  persistence: rule(port('ports')[0], 'inTab or inMemory, imported, or left out'),
  refreshWorker: made('refreshWorker()'),
  account: text,
  authorizationParams: strings,
  pushedAuthorizationRequests: made('pushedAuthorizationRequests()'),
  revokeReplaced: aBoolean,
  userAgent,
  store: port('get', 'swap'),
  fetch: aFunction,
  lock: port('request'),
  channel: port('post', 'subscribe'),
  lifecycle: port('isOnline', 'isVisible', 'subscribe'),
  clock: port('now', 'elapsed', 'at'),
  crypto: port('randomBytes', 'sha256'),
}

/** Options of `sessionLimits()`, which are often given to the manager by mistake. */
const LIMITS = ['idleTimeout', 'maxAge']

const refreshChecks: Readonly<Record<string, Check>> = {
  leeway: rule((value: unknown) => value === 0 || upToAnHour[0](value as never), `0, or ${upToAnHour[1]}`),
  jitter: between(0, 1, ''),
  interval: atLeastASecond,
}

const signInChecks: Readonly<Record<string, Check>> = {
  returnTo: text,
  prompt: text,
  loginHint: text,
  maxAge: between(0, Number.MAX_SAFE_INTEGER),
  acrValues: texts,
  uiLocales: texts,
  claims: anObject,
  scope: text,
  stepUp: made('stepUp(error), imported'),
  userAgent,
}

/**
 * Checks options, so that a mistake shows at construction.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function checkOptions(options: TokenManagerOptions): void {
  const given: Partial<TokenManagerOptions> = Object(options)
  for (const [name, value] of Object.entries(given)) {
    const isLimit = LIMITS.includes(name) && value !== undefined
    if (isLimit) throw invalidOption(name, `given as limits: sessionLimits({ ${name} }), imported`)
  }
  check(given, checks, '')
  checkProtection(options)
  check(given.refresh ?? {}, refreshChecks, 'refresh.')
  for (const [index, resource] of (given.resources ?? []).entries())
    checkResource(options, resource, `resources[${index}]`)
}

/** An absolute URI without fragment (RFC 8707 §2). */
const INDICATOR = /^[a-z][a-z\d+.-]*:[!"$-~]*$/i

function checkResource(options: TokenManagerOptions, given: ResourceOption, name: string): void {
  const resource: Target = Object(given)
  const areTexts = Object.values(resource).every((value) => value === undefined || isText(value))
  const isTarget = areTexts && INDICATOR.test(resource.resource ?? 'none:')
  if (!isTarget)
    throw invalidOption(name, 'a URL, or an object of strings whose resource is an absolute URI without fragment')
  checkTarget(options, resource, `${name}.`)
}

/**
 * Checks the options of `signIn()`.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function checkSignInOptions(options: object): void {
  if ('isTrusted' in options) throw invalidOption('signIn()', 'called without the event: () => tokens.signIn()')
  check(options, signInChecks, 'signIn.')
}

/**
 * Checks the options in `values`.
 * @param prefix what the message puts before an option's name, such as `'refresh.'`
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function check(values: object, allowed: Readonly<Record<string, Check>>, prefix: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(allowed, name)) {
      const isSymbol = name.startsWith('allow')
      throw invalidOption(
        prefix + name,
        isSymbol
          ? `the imported symbol: [${name}]: true`
          : `left out: the options are ${Object.keys(allowed).join(', ')}`,
      )
    }
    const [is, sentence] = allowed[name] as Check
    if (value !== undefined && !is(value as never))
      throw invalidOption(prefix + name, `${sentence}, and is ${shown(value)}`)
  }
}

/** `value` for a message. Objects, and what follows the path of a URL, are not shown, because they could be secret. */
function shown(value: unknown): string {
  const isShort = typeof value === 'string' || typeof value === 'number'
  return isShort ? `${value}`.replace(/[?#].*/s, '…').slice(0, 99) : typeof value
}

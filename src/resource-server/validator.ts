import { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import { type AccessTokenClaims, type ClaimRules, checkClaims } from './access-token-claims.ts'
import { Refusal } from './access-token-error.ts'
import { boundedCache } from './bounded-cache.ts'
import { invalidOption } from './invalid-option.ts'
import { type Issuer, type IssuerOptions, issuerFrom } from './issuer.ts'
import { sha256Now } from './sha256.ts'
import { isSignedBy } from './signature.ts'
import { looksLikeJwt, readJwt } from './strict-jwt.ts'

/** How access tokens are validated. Milliseconds. */
export interface ValidatorOptions {
  /** Whose tokens are accepted. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /** Claims a JWT has to have beside `iss`, `aud` and `exp`. Default `sub`, `client_id`, `iat`, `jti` (RFC 9068 §2.2). */
  readonly requiredClaims?: readonly string[]
  /** How far the clocks of issuer and API may be apart. Default 60 000, at most 60 000. */
  readonly leeway?: number
  /** Accepts JWTs whose `typ` is not `at+jwt`. */
  readonly [allowUntypedTokens]?: boolean
  /** Allows http for issuers and endpoints on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
  /**
   * Verified JWTs kept at most, so that a token that comes again costs no signature; times, denylist, proof and policy are checked
   * every time. Default 10 000; 0: none. Kept under a hash of the token, and only where the platform hashes at once (Node, Bun, Deno).
   */
  readonly cacheLimit?: number
  /** How long one is kept, never beyond its expiry. Default 60 000. A key that the issuer took away works for so much longer. */
  readonly cacheMaxAge?: number
  /** How issuers' keys and metadata are kept. */
  readonly keys?: KeyOptions
  /** For keys, metadata and introspection. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** How issuers' keys and metadata are kept. Milliseconds. */
export interface KeyOptions {
  /** Limit for one request. Default 5 000. */
  readonly timeout?: number
  /** The shortest time between two requests that unknown keys or failures cause. Default 30 000. */
  readonly cooldown?: number
  /** For how long keys are fresh; one the issuer took away is refused after it. Default 600 000. */
  readonly maxAge?: number
  /** For how long known keys go on working after that while the issuer cannot be reached. Default 3 600 000; 0: not at all. */
  readonly staleFor?: number
}

/**
 * Set it to `true` in the options to accept JWTs whose `typ` is not `at+jwt` (RFC 9068 §2.1), for servers that cannot be told
 * otherwise. An ID token of the same server could then pass for an access token, so tokens with `nonce`, `at_hash` or `events`, and
 * those without `scope`, `scp` or `client_id`, are still refused.
 */
export const allowUntypedTokens: unique symbol = Symbol('allowUntypedTokens')

/** A token that is right, whatever time it is and whoever sent it. */
export interface Validated {
  readonly claims: AccessTokenClaims
  readonly issuer: Issuer
  /** What an introspection answer says of it. */
  readonly tokenType?: string | undefined
}

/** Finds out what an access token says. */
export interface Validator {
  /** Whether some issuer can be asked about tokens. */
  readonly canIntrospect: boolean
  /** @throws Refusal */
  validate(token: string): Promise<Validated>
}

const RFC9068 = ['sub', 'client_id', 'iat', 'jti']
const ACCESS_TOKEN = /^(application\/)?at\+jwt$/i
/** Types that are something else, whatever is allowed. */
const OTHER_TYPES = /logout\+jwt|dpop\+jwt|token-introspection\+jwt|secevent\+jwt|statuslist\+jwt|oauth-authz-req\+jwt/i
const MARKS_OF_OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

/** @throws TokenManagerError `ERR_INVALID_OPTION` naming the option */
export function validator(options: ValidatorOptions, audiences: readonly string[]): Validator {
  const {
    requiredClaims = RFC9068,
    leeway = 60_000,
    now = Date.now,
    cacheLimit = 10_000,
    cacheMaxAge = 60_000,
  } = options
  const { timeout = 5_000, cooldown = 30_000, maxAge = 600_000, staleFor = 3_600_000 } = options.keys ?? {}
  const { fetch = (...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request) } = options
  if (!audiences.length || audiences.some((one) => typeof one !== 'string' || !one))
    throw invalidOption('audience has to name this API: a string or a list of strings')
  if (!(leeway >= 0 && leeway <= 60_000)) throw invalidOption('leeway has to be 0 to 60 000 ms')
  for (const [name, value] of Object.entries({ timeout, cooldown, maxAge, staleFor, cacheLimit, cacheMaxAge }))
    if (!(value >= 0)) throw invalidOption(`${name} has to be 0 or more`)
  const source = { fetch, now, timeout, cooldown, maxAge, staleFor }
  const given = [options.issuer].flat() as (string | IssuerOptions)[]
  const issuers = new Map(
    given
      .map((one) => issuerFrom(one, source, options[allowInsecureLoopback] === true))
      .map((one) => [one.issuer, one]),
  )
  if (!issuers.size || issuers.size < given.length)
    throw invalidOption('issuer has to name at least one issuer, each once')
  const introspecting = [...issuers.values()].filter(({ introspection }) => introspection)
  // A token nobody can read would have to be shown to one server after the other.
  if (introspecting.length > 1) throw invalidOption('Only one issuer can have introspection')
  const rules: ClaimRules = { audiences, required: ['iss', 'aud', 'exp', ...requiredClaims], leeway }
  const untyped = options[allowUntypedTokens] === true
  const verified = sha256Now && cacheLimit > 0 ? boundedCache<Validated>(cacheLimit, now) : undefined

  return {
    canIntrospect: introspecting.length > 0,
    async validate(token) {
      const key = verified && token.startsWith('ey') ? sha256Now?.(token) : undefined
      const known = key === undefined ? undefined : verified?.get(key)
      if (known !== undefined) return known
      if (!looksLikeJwt(token)) return opaque(token)
      const found = await jwt(token)
      if (key !== undefined) verified?.set(key, found, now() + cacheMaxAge)
      return found
    },
  }

  async function jwt(token: string): Promise<Validated> {
    const read = readJwt(token)
    if (!read) throw new Refusal('malformed')
    const { header, claims } = read
    const { alg, kid, typ } = header
    if (header.crit !== undefined || typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string'))
      throw new Refusal('malformed', 'the header')
    const issuer = typeof claims.iss === 'string' ? issuers.get(claims.iss) : undefined
    if (!issuer) throw new Refusal('issuer_unknown')
    if (!issuer.algorithms.includes(alg)) throw new Refusal('algorithm_not_allowed')
    if (!ACCESS_TOKEN.test(String(typ)) && !(untyped && passesUntyped(typ, claims))) throw new Refusal('type_wrong')
    await verify(token, await issuer.keys.find(alg, kid), alg)
    return { claims: Object.freeze(checkClaims(claims, rules, now())), issuer }
  }

  async function verify(token: string, keys: readonly CryptoKey[], alg: string): Promise<void> {
    for (const key of keys) if (await isSignedBy(token, key, alg)) return
    throw new Refusal('signature_invalid')
  }

  async function opaque(token: string): Promise<Validated> {
    const [issuer] = introspecting
    if (!issuer?.introspection) throw new Refusal('malformed')
    const found = await issuer.introspection.ask(token)
    if (found.iss !== issuer.issuer) throw new Refusal('issuer_unknown')
    // RFC 7662 §2.2: everything but `active` is optional; who may use the answer is then for its server to say.
    const own = found.aud === undefined ? { ...found, aud: audiences[0] } : found
    const claims = checkClaims(own, { ...rules, required: [] }, now())
    return { claims, issuer, tokenType: typeof found.token_type === 'string' ? found.token_type : undefined }
  }
}

function passesUntyped(typ: unknown, claims: Readonly<Record<string, unknown>>): boolean {
  return (
    (typ === undefined || (typeof typ === 'string' && !OTHER_TYPES.test(typ))) &&
    !MARKS_OF_OTHERS.some((name) => name in claims) &&
    ['scope', 'scp', 'client_id'].some((name) => name in claims)
  )
}

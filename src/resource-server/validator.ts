import { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import { type AccessTokenClaims, type ClaimRules, checkClaims } from './access-token-claims.ts'
import { Refusal } from './access-token-error.ts'
import { boundedCache } from './bounded-cache.ts'
import { deepFreeze } from './deep-freeze.ts'
import { remedy } from './foreign-dialect.ts'
import { shown } from './found.ts'
import { checkImmediate } from './immediate-key.ts'
import { invalidOption } from './invalid-option.ts'
import { type Issuer, type IssuerOptions, issuerFrom } from './issuer.ts'
import { normalizedAnswer, normalizedClaims } from './normalized-claims.ts'
import { sha256Now } from './sha256.ts'
import { isSignedBy, type SignatureMode, type VerificationKey } from './signature.ts'
import { looksLikeJwt, readJwt } from './strict-jwt.ts'
import type { SubjectKind } from './subject-kind.ts'
import { typeOf } from './token-dialect.ts'

/** How access tokens are validated. Milliseconds. */
export interface ValidatorOptions {
  /** Whose tokens are accepted. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /**
   * Claims that a JWT of any issuer has to have beside `iss`, `aud` and `exp`, and beside the `requiredClaims` of its issuer. Default
   * `sub`, `client_id`, `iat`, `jti` (RFC 9068 §2.2) for issuers that name none.
   */
  readonly requiredClaims?: readonly string[]
  /** How far the clocks of issuer and API may be apart. Default 60 000, at most 60 000. */
  readonly leeway?: number
  /** Accepts JWTs whose `typ` is `JWT` or missing, of issuers that name no `types`. */
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
  /**
   * How signatures of tokens and proofs are verified. `'pooled'` (default): by Web Cryptography, which on Node works in threads of its own,
   * so that other requests go on meanwhile. `'immediate'`: in the same turn, by Node's `crypto`. That takes about half of the processor
   * time with RSA and ES256, but nothing else goes on for 0.03 to 0.1 ms at each new token. RSA keys beyond 4096 bit, ES384 and ES512 are
   * pooled in any case. Other platforms than Node refuse `'immediate'`.
   */
  readonly signatures?: SignatureMode
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
  /**
   * The shortest time between two requests that unknown keys cause. Default 30 000. Meanwhile a token of an unknown key is answered with
   * 503, as the issuer may have a new one. After a failure the next request is made after 1 s, then 2 s, and so on up to this time.
   */
  readonly cooldown?: number
  /** For how long keys are fresh; one the issuer took away is refused after it. Default 600 000. */
  readonly maxAge?: number
  /** For how long known keys go on working after that while the issuer cannot be reached. Default 3 600 000; 0: not at all. */
  readonly staleFor?: number
}

/**
 * Set it to `true` in the options to accept JWTs whose `typ` is `JWT` or missing in place of `at+jwt` (RFC 9068 §2.1): the same as
 * `types: ['at+jwt', 'JWT', undefined]` for each issuer that names no `types`. An ID token of the same server could then pass for an
 * access token, so tokens with `nonce`, `at_hash` or `events`, and those that have neither scope nor client, are still refused.
 */
export const allowUntypedTokens: unique symbol = Symbol('allowUntypedTokens')

/** A token that is right, whatever time it is and whoever sent it. */
export interface Validated {
  /** With the names of RFC 9068, frozen. */
  readonly claims: AccessTokenClaims
  readonly issuer: Issuer
  /** Whom it is about; `undefined`: it does not show that. */
  readonly subjectKind: SubjectKind | undefined
  /** Whether it was verified here, and not by asking its server. */
  readonly isJwt: boolean
  /** What an introspection answer says of it. */
  readonly tokenType?: string | undefined
}

/** Finds out what an access token says. */
export interface Validator {
  /** Whose tokens are accepted. */
  readonly issuers: readonly Issuer[]
  /** @throws Refusal */
  validate(token: string): Promise<Validated>
}

const RFC9068 = ['sub', 'client_id', 'iat', 'jti']
/** With `allowUntypedTokens`, for issuers that name no types of their own. */
const UNTYPED = ['at+jwt', 'jwt', undefined]

/** @throws TokenManagerError `ERR_INVALID_OPTION` naming the option */
export function validator(options: ValidatorOptions, audiences: readonly string[]): Validator {
  const { requiredClaims, leeway = 60_000, now = Date.now, cacheLimit = 10_000, cacheMaxAge = 60_000 } = options
  const { timeout = 5_000, cooldown = 30_000, maxAge = 600_000, staleFor = 3_600_000 } = options.keys ?? {}
  const { fetch = (...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request) } = options
  if (!audiences.length || audiences.some((one) => typeof one !== 'string' || !one))
    throw invalidOption('audience has to name this API: a string or a list of strings')
  if (!(leeway >= 0 && leeway <= 60_000)) throw invalidOption('leeway has to be 0 to 60 000 ms')
  for (const [name, value] of Object.entries({ timeout, cooldown, maxAge, staleFor, cacheLimit, cacheMaxAge }))
    if (!(value >= 0)) throw invalidOption(`${name} has to be 0 or more`)
  const { signatures = 'pooled' } = options
  if (signatures !== 'pooled' && signatures !== 'immediate')
    throw invalidOption("Option signatures has to be 'pooled' or 'immediate'")
  if (signatures === 'immediate') checkImmediate()
  const source = { fetch, now, timeout, cooldown, maxAge, staleFor, signatures }
  const given = [options.issuer].flat() as (string | IssuerOptions)[]
  const untyped = options[allowUntypedTokens] === true
  const issuers = given.map((one) => {
    const described: IssuerOptions = typeof one === 'string' ? { issuer: one } : one
    const types = untyped ? (described.types ?? UNTYPED) : described.types
    return issuerFrom(types ? { ...described, types } : described, source, options[allowInsecureLoopback] === true)
  })
  const byName = new Map(issuers.map((one) => [one.issuer, one]))
  const rules = new Map(issuers.map((one) => [one, rulesOf(one)]))
  if (!issuers.length || byName.size < issuers.length)
    throw invalidOption('issuer has to name at least one issuer, each once')
  const introspecting = issuers.filter(({ introspection }) => introspection)
  // A token nobody can read would have to be shown to one server after the other.
  if (introspecting.length > 1) throw invalidOption('Only one issuer can have introspection')
  const verified = sha256Now && cacheLimit > 0 ? boundedCache<Validated>(cacheLimit, now) : undefined

  return {
    issuers,
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
    const { header, claims: found } = read
    const { alg, kid, typ } = header
    if (header.crit !== undefined || typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string'))
      throw new Refusal('malformed', 'the header')
    const { iss } = found
    const issuer = issuerOf(iss)
    if (!issuer || typeof iss !== 'string') throw new Refusal('issuer_unknown', unknownIssuer(iss))
    if (!issuer.algorithms.includes(alg))
      throw new Refusal('algorithm_not_allowed', `alg is ${shown(alg)} (option algorithms of the issuer)`)
    checkKind(typ, found, issuer)
    await verify(token, await issuer.keysOf(iss).find(alg, kid), alg)

    const claims = checkClaims(
      normalizedClaims(found, issuer.dialect.names),
      rules.get(issuer) ?? rulesOf(issuer),
      now(),
    )
    return { claims: deepFreeze(claims), issuer, subjectKind: kindOf(claims, issuer), isJwt: true }
  }

  async function verify(token: string, keys: readonly VerificationKey[], alg: string): Promise<void> {
    for (const key of keys) if (await isSignedBy(token, key, alg)) return
    throw new Refusal('signature_invalid')
  }

  async function opaque(token: string): Promise<Validated> {
    const [issuer] = introspecting
    if (!issuer?.introspection) throw new Refusal('malformed', 'it is no JWT, and no issuer has option introspection')
    const found = await issuer.introspection.ask(token)
    if (typeof found.iss !== 'string' || !issuer.hasIssued(found.iss))
      throw new Refusal('issuer_unknown', unknownIssuer(found.iss))
    // RFC 7662 §2.2: everything but `active` is optional; who may use the answer is then for its server to say.
    const own = found.aud === undefined ? { ...found, aud: audiences[0] } : found
    const claims = checkClaims(
      normalizedAnswer(own, issuer.dialect.names),
      { issuer: issuer.issuer, audiences, required: [], leeway },
      now(),
    )
    const tokenType = typeof found.token_type === 'string' ? found.token_type : undefined
    return { claims: deepFreeze(claims), issuer, subjectKind: kindOf(claims, issuer), isJwt: false, tokenType }
  }

  function issuerOf(iss: unknown): Issuer | undefined {
    if (typeof iss !== 'string') return undefined
    const named = byName.get(iss)
    return named?.hasIssued(iss) ? named : issuers.find((one) => one.hasIssued(iss))
  }

  function unknownIssuer(iss: unknown): string {
    return `iss is ${shown(iss)}, wanted ${shown(issuers.map(({ issuer }) => issuer))} (option issuer; a slash at the end counts)`
  }

  /** What the guard asks for is asked of all; what RFC 9068 asks for may be otherwise in a dialect. */
  function rulesOf({ issuer, dialect }: Issuer): ClaimRules {
    const standard = dialect.names.id === false ? RFC9068.filter((name) => name !== 'jti') : RFC9068
    const own = dialect.requiredClaims ?? (requiredClaims ? [] : standard)
    return { issuer, audiences, leeway, required: ['iss', 'aud', 'exp', ...own, ...(requiredClaims ?? [])] }
  }
}

function kindOf(claims: AccessTokenClaims, { dialect }: Issuer): SubjectKind | undefined {
  const kind: unknown = dialect.subjectKind(claims)
  return kind === 'user' || kind === 'client' ? kind : undefined
}

/**
 * Whether it is an access token at all, and not another token of the same issuer.
 * @throws Refusal `type_wrong`
 */
function checkKind(typ: unknown, claims: Readonly<Record<string, unknown>>, { issuer, dialect }: Issuer): void {
  const { types, requiredValues, refusedClaims, names } = dialect
  const type = typeOf(typ)
  if ((typ !== undefined && typeof typ !== 'string') || !types.includes(type)) {
    const wanted = types.map((one) => one ?? 'none').join(', ')
    throw wrong(`typ is ${shown(typ)}, wanted ${wanted}`, 'types')
  }
  for (const [name, values] of requiredValues)
    if (!values.includes(claims[name] as string))
      throw wrong(`${name} is ${shown(claims[name])}, wanted ${values.join(' or ')}`, 'requiredValues')
  if (type === 'at+jwt') return

  const refused = refusedClaims.find((name) => Object.hasOwn(claims, name))
  if (refused !== undefined) throw wrong(`it has ${refused}, as tokens of other kinds have`, 'refusedClaims')
  const isOfAccess =
    requiredValues.length > 0 || [names.client, names.scope].some((name) => Object.hasOwn(claims, name))
  if (!isOfAccess) throw wrong(`it has neither ${names.client} nor ${names.scope}, as ID tokens have neither`, 'claims')

  function wrong(found: string, option: string): Refusal {
    return new Refusal('type_wrong', `${found}; ${remedy(issuer, claims, option)}`)
  }
}

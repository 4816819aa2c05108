import type { AccessTokenClaims } from './access-token-claims.ts'
import { invalidOption } from './invalid-option.ts'
import { isName } from './json-values.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { type SubjectKind, subjectIsNotTheClient, subjectShownByRfc9068 } from './subject-kind.ts'

/**
 * How an issuer writes its tokens, in plain options. Without any of them it is RFC 9068 to the letter. `tokenward/providers` has the
 * options of many providers ready.
 */
export interface TokenDialect {
  /**
   * The `typ` that the header of an access token may have, in any case of letters; `application/` in front of it counts as well.
   * `undefined` in the list: a header without `typ`. Default `['at+jwt']` (RFC 9068 §2.1). With others, tokens that say of
   * themselves that they are something else are still refused: see `requiredValues` and `refusedClaims`.
   */
  readonly types?: readonly (string | undefined)[]
  /** Which claims say what RFC 9068 says in claims of its own. */
  readonly claims?: ClaimNames
  /**
   * Claims that an access token has to have beside `iss`, `aud` and `exp`, by the names of RFC 9068 §2.2. Default `sub`, `client_id`,
   * `iat`, and `jti` unless `claims.id` is `false`.
   */
  readonly requiredClaims?: readonly string[]
  /**
   * Claims that have to have this value, or one of these: how an issuer tells access tokens from its ID tokens where the header does
   * not, such as `{ token_use: 'access' }`. Default none.
   */
  readonly requiredValues?: Readonly<Record<string, string | readonly string[]>>
  /**
   * Claims that an access token of this issuer never has. Looked at only where `types` allows more than `at+jwt`. Default `nonce`,
   * `at_hash`, `c_hash`, `s_hash` and `events`, which ID tokens and logout tokens have.
   */
  readonly refusedClaims?: readonly string[]
  /**
   * Whom a token is about, for `policy { subject: 'user' }`: `'user'`, `'client'`, or `undefined` where the token does not show it. A
   * function gets the claims with the names of RFC 9068; it has to be pure. `'not_the_client'`: whoever is not the client is a person,
   * right for servers whose tokens for a client itself have `sub` equal to the client (oidc-provider, Ory Hydra). Default: a person
   * only with `auth_time`, because RFC 9068 §2.2 lets servers choose the `sub` of a client.
   */
  readonly subjectKind?: 'not_the_client' | ((claims: AccessTokenClaims) => SubjectKind | undefined)
  /** How its logout tokens differ from OpenID Connect Back-Channel Logout 1.0. Default: not at all. */
  readonly logout?: LogoutDialect
}

/** Names of claims. */
export interface ClaimNames {
  /** The client that asked for the token. Default `client_id`; others are `azp`, `appid`, `cid`. */
  readonly client?: string
  /** The name of this one token. Default `jti`; `false`: the issuer gives none, and no single token can be denied. */
  readonly id?: string | false
  /** The scope, as text or as a list. Default `scope`; others are `scp`, `permissions`. */
  readonly scope?: string
  /** The sign-in it came from. Default `sid`; `false`: the issuer gives none, and no single sign-in can be denied. */
  readonly session?: string | false
  /** What stands for a missing `aud`, such as `client_id`: the guard's `audience` then names clients. Default: `aud` has to be there. */
  readonly audience?: string
}

/** How logout tokens differ from OpenID Connect Back-Channel Logout 1.0 §2.4. */
export interface LogoutDialect {
  /** The `typ` that a logout token may have; `undefined` in the list: none. Default `['logout+jwt']`. */
  readonly types?: readonly (string | undefined)[]
  /**
   * Accepts logout tokens without `exp`. They then count from `iat` on for `maxLifetime`, and the replay store remembers them as
   * long. Default false.
   */
  readonly withoutExpiry?: boolean
}

/** A dialect, checked and complete. */
export interface CheckedDialect {
  readonly types: readonly (string | undefined)[]
  readonly names: Required<Omit<ClaimNames, 'audience'>> & Pick<ClaimNames, 'audience'>
  readonly requiredClaims: readonly string[] | undefined
  readonly requiredValues: readonly (readonly [name: string, values: readonly string[]])[]
  readonly refusedClaims: readonly string[]
  readonly subjectKind: (claims: AccessTokenClaims) => SubjectKind | undefined
  readonly logoutTypes: readonly (string | undefined)[]
  readonly logoutWithoutExpiry: boolean
}

const CLAIM_NAMES: OptionNames<ClaimNames> = { client: true, id: true, scope: true, session: true, audience: true }
const LOGOUT_NAMES: OptionNames<LogoutDialect> = { types: true, withoutExpiry: true }
/** The type of what has no type that anybody could allow. */
const NO_TYPE = ''
const MARKS_OF_OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']
/** Types that are something else, whatever is allowed. */
const OTHER_TYPES = /^(dpop|token-introspection|secevent|statuslist|oauth-authz-req|id)\+jwt$/

/**
 * Checks and completes a dialect.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function checkDialect(options: TokenDialect): CheckedDialect {
  const { claims = {}, requiredValues = {}, subjectKind = subjectShownByRfc9068, logout = {} } = options
  checkOptionNames(claims, CLAIM_NAMES, 'claims.')
  checkOptionNames(logout, LOGOUT_NAMES, 'logout.')
  if (typeof subjectKind !== 'function' && subjectKind !== 'not_the_client')
    throw invalidOption("subjectKind has to be a function, or 'not_the_client'")

  return {
    types: checkTypes(options.types, 'types', 'at+jwt', ['logout+jwt']),
    names: checkClaimNames({ client: 'client_id', id: 'jti', scope: 'scope', session: 'sid', ...claims }),
    requiredClaims: checkNames(options.requiredClaims, 'requiredClaims'),
    requiredValues: Object.entries(requiredValues).map(([name, value]) => [name, checkValues(name, value)]),
    refusedClaims: checkNames(options.refusedClaims, 'refusedClaims') ?? MARKS_OF_OTHERS,
    subjectKind: subjectKind === 'not_the_client' ? subjectIsNotTheClient : subjectKind,
    logoutTypes: checkTypes(logout.types, 'logout.types', 'logout+jwt', ['at+jwt']),
    logoutWithoutExpiry: logout.withoutExpiry === true,
  }
}

/**
 * The type of a header as it is compared: lower case, without `application/` (RFC 7515 §4.1.9).
 * @returns `undefined` where there is none, and for what is no text something that is no type
 */
export function typeOf(typ: unknown): string | undefined {
  if (typ === undefined) return undefined
  if (typeof typ !== 'string') return NO_TYPE
  return typ.toLowerCase().replace(/^application\//, '')
}

function checkTypes(
  types: TokenDialect['types'],
  option: string,
  standard: string,
  others: readonly string[],
): readonly (string | undefined)[] {
  if (types === undefined) return [standard]
  if (!Array.isArray(types) || types.length === 0) throw invalidOption(`${option} has to be a list of types`)
  return types.map((one: unknown) => {
    const type = typeOf(one)
    if (type === NO_TYPE) throw invalidOption(`${option} has to hold types, or undefined for tokens without one`)
    const isAnother = type !== undefined && (OTHER_TYPES.test(type) || others.includes(type))
    if (isAnother) throw invalidOption(`${option} must not hold ${type}, which is another kind of token`)
    return type
  })
}

function checkClaimNames(names: CheckedDialect['names']): CheckedDialect['names'] {
  for (const [name, value] of Object.entries(names)) {
    const mayBeFalse = name === 'id' || name === 'session'
    const isLeftOut = value === undefined || (mayBeFalse && value === false)
    if (!isName(value) && !isLeftOut)
      throw invalidOption(`claims.${name} has to be the name of a claim${mayBeFalse ? ', or false' : ''}`)
  }
  return names
}

function checkValues(name: string, value: string | readonly string[]): readonly string[] {
  const values = [value].flat()
  const areValues = values.length > 0 && values.every((one) => typeof one === 'string')
  if (!areValues) throw invalidOption(`requiredValues.${name} has to be a string or a list of strings`)
  return values
}

function checkNames(names: readonly string[] | undefined, option: string): readonly string[] | undefined {
  if (names === undefined) return undefined
  const areNames = Array.isArray(names) && names.every(isName)
  if (!areNames) throw invalidOption(`${option} has to be a list of claims`)
  return names
}

import type { AccessTokenClaims } from './access-token-claims.ts'
import { invalidOption } from './invalid-option.ts'
import { isName } from './json-values.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { type SubjectKind, subjectIsNotTheClient, subjectShownByRfc9068 } from './subject-kind.ts'

/**
 * How the tokens of an issuer differ from RFC 9068. Without these options, tokens have to be exactly as RFC 9068 says. `tokenward/providers` has
 * the options for many providers.
 */
export interface TokenDialect {
  /**
   * The values of `typ` that the header of an access token may have. Upper and lower case are the same, and `application/` before the value
   * makes no difference. `undefined` in the list means a header without `typ`. If other types than `at+jwt` are allowed, the claims must not
   * show another kind of token: see `requiredValues` and `refusedClaims`. Default `['at+jwt']` (RFC 9068 §2.1).
   */
  readonly types?: readonly (string | undefined)[]
  /** The names of claims that this issuer calls differently than RFC 9068. Default: the names of RFC 9068. */
  readonly claims?: ClaimNames
  /**
   * Claims that an access token must have besides `iss`, `aud` and `exp`, with the names of RFC 9068 §2.2. Default `sub`, `client_id`, `iat`,
   * and also `jti` unless `claims.id` is `false`.
   */
  readonly requiredClaims?: readonly string[]
  /**
   * Claims that must have this value, or one of these values, such as `{ token_use: 'access' }`. It is for issuers whose access tokens and ID
   * tokens differ only in a claim. Default: none.
   */
  readonly requiredValues?: Readonly<Record<string, string | readonly string[]>>
  /**
   * Claims that an access token of this issuer never has. They are checked only for tokens whose `typ` is not `at+jwt`. Default `nonce`,
   * `at_hash`, `c_hash`, `s_hash` and `events`, which ID tokens and logout tokens have.
   */
  readonly refusedClaims?: readonly string[]
  /**
   * Finds out whom a token is about, for policies with `subject: 'user'`: `'user'`, `'client'`, or `undefined` if the token does not show it. A
   * function gets the claims with the names of RFC 9068, and has to be pure. `'not_the_client'` means: the token is about a person if `sub`
   * differs from the client. That is right for servers that give a client its own identifier as `sub` (oidc-provider, Ory Hydra). Default: a
   * token is about a person only if it has `auth_time`, because RFC 9068 §2.2 lets servers choose the `sub` of a client.
   */
  readonly subjectKind?: 'not_the_client' | ((claims: AccessTokenClaims) => SubjectKind | undefined)
  /** How the logout tokens of this issuer differ from OpenID Connect Back-Channel Logout 1.0. Default: they do not. */
  readonly logout?: LogoutDialect
}

/** The names that an issuer has for claims of RFC 9068. */
export interface ClaimNames {
  /** The claim with the client that asked for the token. Default `client_id`. Other issuers have `azp`, `appid` or `cid`. */
  readonly client?: string
  /** The claim with the identifier of the token. `false`: there is none, and no single token can be denied. Default `jti`. */
  readonly id?: string | false
  /** The claim with the scope, which may be a text or a list. Default `scope`. Other issuers have `scp` or `permissions`. */
  readonly scope?: string
  /** The claim with the sign-in that the token came from. `false`: there is none, and no single sign-in can be denied. Default `sid`. */
  readonly session?: string | false
  /** The claim to read if `aud` is missing, such as `client_id`. The guard's `audience` then names clients. Default: `aud` must be there. */
  readonly audience?: string
}

/** How logout tokens differ from OpenID Connect Back-Channel Logout 1.0 §2.4. */
export interface LogoutDialect {
  /** The values of `typ` that a logout token may have. `undefined` in the list means a header without `typ`. Default `['logout+jwt']`. */
  readonly types?: readonly (string | undefined)[]
  /**
   * Whether logout tokens may have no `exp`. Such a token is valid for `maxLifetime` from its `iat`, and the replay store remembers it for as
   * long. Default false.
   */
  readonly withoutExpiry?: boolean
}

/** The options of a dialect, checked and complete. */
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
/** Stands for a `typ` that is no text. No option can allow it. */
const NO_TYPE = ''
const MARKS_OF_OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']
/** Types of other kinds of tokens. No option can allow them. */
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
 * The `typ` of a header in the form in which it is compared: in lower case, without `application/` (RFC 7515 §4.1.9).
 * @returns `undefined` if there is none; an empty text if it is no text
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

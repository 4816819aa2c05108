import { type AccessTokenErrorReason, Refusal } from './access-token-error.ts'
import { remedy, substituteFor } from './foreign-dialect.ts'
import { shown } from './found.ts'
import { isJsonObject, isName } from './json-values.ts'

/**
 * The claims of an access token that was checked. The members below have the names of RFC 9068 §2.2 and RFC 7662 §2.2, whatever the issuer
 * calls them. All other claims are as the token has them. Times are in epoch **seconds**. The object and everything in it is frozen, because
 * requests with the same token share it.
 */
export interface AccessTokenClaims {
  /** The issuer of the token. */
  readonly iss: string
  /** The person, or the client, that the token is about. It is unique only together with `iss`. */
  readonly sub?: string
  /** The APIs that the token is for. This API is among them. */
  readonly aud?: string | readonly string[]
  /** When the token expires, in epoch seconds. */
  readonly exp?: number
  /** When the token was issued, in epoch seconds. */
  readonly iat?: number
  /** The time before which the token is not valid, in epoch seconds. */
  readonly nbf?: number
  /** The identifier of this token. */
  readonly jti?: string
  /** The client that asked for the token. */
  readonly client_id?: string
  /** The scope: names with a space between them. */
  readonly scope?: string
  /** The sign-in that the token came from. Absent if the server does not say. */
  readonly sid?: string
  /** When the person authenticated, in epoch seconds. */
  readonly auth_time?: number
  /** How strong the authentication was. */
  readonly acr?: string
  /** The key that the token is bound to (RFC 7800). */
  readonly cnf?: Readonly<Record<string, unknown>>
  readonly [claim: string]: unknown
}

/** What the claims are compared with. */
export interface ClaimRules {
  /** The issuer of the token, as it is configured. */
  readonly issuer: string
  /** The identifiers of this API. */
  readonly audiences: readonly string[]
  /** The claims that the token must have. */
  readonly required: readonly string[]
  /** How much the clocks may differ, in milliseconds. */
  readonly leeway: number
}

const NAMES = ['sub', 'jti', 'client_id', 'sid', 'acr']
const TIMES = ['exp', 'iat', 'nbf', 'auth_time']
/** The largest time that a date can hold, in epoch seconds. */
const LAST_SECOND = 8_640_000_000_000

/**
 * Checks everything that RFC 9068 §4 asks for, except signature and issuer.
 * @param claims the claims with the names of RFC 9068
 * @param now epoch milliseconds
 * @throws Refusal
 */
export function checkClaims(
  claims: Readonly<Record<string, unknown>>,
  { issuer, audiences, required, leeway }: ClaimRules,
  now: number,
): AccessTokenClaims {
  const missing = required.find((name) => claims[name] === undefined)
  if (missing !== undefined) throw refused('claim_missing', detailOfMissing(missing, issuer, claims))
  checkKinds(claims)

  const { aud } = claims
  const named = isStrings(aud) ? aud : [aud]
  if (!named.some((one) => audiences.includes(one as string)))
    throw refused('audience_mismatch', `aud is ${shown(aud)}, wanted ${shown(audiences)} (option audience)`)

  checkTimes(claims as AccessTokenClaims, leeway, now)
  return claims as AccessTokenClaims
}

/** Checks the type of each claim. The refusal does not show the value, which may name a person. */
function checkKinds(claims: Readonly<Record<string, unknown>>): void {
  for (const name of NAMES) {
    const value = claims[name]
    if (value !== undefined && !isName(value)) throw refused('claim_invalid', `${name} is no text, or empty`)
  }

  for (const name of TIMES) {
    const value = claims[name]
    if (value !== undefined && !isTime(value)) throw refused('claim_invalid', `${name} is no time in seconds`)
  }

  const { scope, cnf } = claims
  if (scope !== undefined && typeof scope !== 'string')
    throw refused('claim_invalid', 'scope is no text; option claims.scope of the issuer')
  if (cnf !== undefined && !isJsonObject(cnf)) throw refused('claim_invalid', 'cnf is no object')
}

function detailOfMissing(name: string, issuer: string, claims: Readonly<Record<string, unknown>>): string {
  const { option, found } = substituteFor(name, claims)
  const has = found === undefined ? '' : `, the token has ${found}`
  return `wanted ${name}${has}; ${remedy(issuer, claims, option)}`
}

/** Checks whether the token is valid at this time. Only these claims have to be checked again at every request. */
export function checkTimes({ exp, nbf, iat }: AccessTokenClaims, leeway: number, now: number): void {
  if (exp !== undefined && now >= exp * 1_000 + leeway)
    throw refused('expired', `exp was ${secondsFrom(exp, now)} s ago (option leeway)`)
  if (nbf !== undefined && nbf * 1_000 > now + leeway)
    throw refused('not_yet_valid', `nbf is in ${-secondsFrom(nbf, now)} s (option leeway)`)
  if (iat !== undefined && iat * 1_000 > now + leeway)
    throw refused('not_yet_valid', `iat is in ${-secondsFrom(iat, now)} s (option leeway)`)
}

function secondsFrom(time: number, now: number): number {
  return Math.round(now / 1_000 - time)
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function refused(reason: AccessTokenErrorReason, detail?: string): Refusal {
  return new Refusal(reason, detail)
}

import { type AccessTokenErrorReason, Refusal } from './access-token-error.ts'
import { remedy, substituteFor } from './foreign-dialect.ts'
import { shown } from './found.ts'
import { isJsonObject, isName } from './json-values.ts'

/**
 * What a validated access token says, with the names of RFC 9068 §2.2 and RFC 7662 §2.2 whatever its issuer calls them; all other claims
 * as the token has them. Seconds, as there. Everything in it is frozen: requests with the same token share it.
 */
export interface AccessTokenClaims {
  /** Who issued it. */
  readonly iss: string
  /** Whom it is about: a person, or the client itself. With `iss` it is an identity, alone it is none. */
  readonly sub?: string
  /** Whom it is for; this API is among them. */
  readonly aud?: string | readonly string[]
  /** Seconds since 1970. */
  readonly exp?: number
  /** Seconds since 1970. */
  readonly iat?: number
  /** Seconds since 1970. */
  readonly nbf?: number
  /** Names this token. */
  readonly jti?: string
  /** The client that asked for it. */
  readonly client_id?: string
  /** Space-separated. */
  readonly scope?: string
  /** The sign-in it came from, where the server says. */
  readonly sid?: string
  /** When the person authenticated, seconds since 1970. */
  readonly auth_time?: number
  /** How the person authenticated. */
  readonly acr?: string
  /** The key it is bound to (RFC 7800). */
  readonly cnf?: Readonly<Record<string, unknown>>
  readonly [claim: string]: unknown
}

/** What the claims are checked against. */
export interface ClaimRules {
  /** Who issued the token, as configured. */
  readonly issuer: string
  /** The identifiers of this API. */
  readonly audiences: readonly string[]
  /** Claims that have to be there. */
  readonly required: readonly string[]
  /** How far the clocks may be apart, ms. */
  readonly leeway: number
}

const NAMES = ['sub', 'jti', 'client_id', 'sid', 'acr']
const TIMES = ['exp', 'iat', 'nbf', 'auth_time']
/** Seconds since 1970 that a date can hold. */
const LAST_SECOND = 8_640_000_000_000

/**
 * Checks what RFC 9068 §4 asks for beside signature and issuer.
 * @param claims normalized ones
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

/** Whether each claim is of the kind that everybody expects. What is in it is not told: it may name a person. */
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

/** Whether the token counts now; the only claims that change with time. */
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

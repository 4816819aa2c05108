import { Refusal } from './access-token-error.ts'
import { remedy } from './foreign-dialect.ts'
import { shown } from './found.ts'
import type { Issuer } from './issuer.ts'
import { isJsonObject, isName } from './json-values.ts'
import type { UnverifiedJwt } from './strict-jwt.ts'
import { typeOf } from './token-dialect.ts'

/** What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4). Epoch milliseconds. */
export interface LogoutToken {
  readonly jti: string
  readonly subject: string | undefined
  readonly sid: string | undefined
  readonly issuer: string
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What a logout token is compared with. Milliseconds. */
export interface LogoutTokenRules {
  readonly issuer: Issuer
  readonly clientId: string
  readonly leeway: number
  /** The longest lifetime, counted from `iat`. A token without `exp`, where that is allowed, is valid for this time. */
  readonly maxLifetime: number
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Checks everything that §2.6 asks for, except the signature.
 * @param now epoch milliseconds
 * @throws Refusal
 */
export function readLogoutToken({ header, claims }: UnverifiedJwt, rules: LogoutTokenRules, now: number): LogoutToken {
  const { issuer, clientId } = rules
  if (!issuer.dialect.logoutTypes.includes(typeOf(header.typ)))
    throw new Refusal('type_wrong', detailOfType(header.typ, issuer, claims))

  const { iss, aud } = claims
  if (typeof iss !== 'string' || !issuer.hasIssued(iss))
    throw new Refusal('issuer_unknown', `iss is ${shown(iss)}, wanted ${shown(issuer.issuer)} (option issuer)`)

  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(clientId))
    throw new Refusal('audience_mismatch', `aud is ${shown(aud)}, wanted ${shown(clientId)} (option clientId)`)

  const times = readTimes(claims, rules, now)
  const { jti, sub, sid } = claims
  if (!isName(jti)) throw invalid('jti is no text, or empty')
  checkEvents(claims)
  if (!isNameOrMissing(sub)) throw invalid('sub is no text, or empty')
  if (!isNameOrMissing(sid)) throw invalid('sid is no text, or empty')
  if (sub === undefined && sid === undefined) throw invalid('it has neither sub nor sid')
  return { jti, issuer: iss, subject: sub, sid, ...times }
}

/** When the token was issued and when it expires. Without `exp`, where that is allowed, it is valid for `maxLifetime`. */
function readTimes(
  claims: UnverifiedJwt['claims'],
  { issuer, leeway, maxLifetime }: LogoutTokenRules,
  now: number,
): Pick<LogoutToken, 'issuedAt' | 'expiresAt'> {
  const { iat, exp } = claims
  if (exp === undefined && !issuer.dialect.logoutWithoutExpiry)
    throw new Refusal('claim_missing', `wanted exp; ${remedy(issuer.issuer, claims, 'logout.withoutExpiry')}`)
  if (!isTime(iat)) throw invalid('iat is no time in seconds')
  const end = exp === undefined ? iat + maxLifetime / 1_000 : exp
  if (!isTime(end)) throw invalid('exp is no time in seconds')

  const issuedAt = iat * 1_000
  const expiresAt = end * 1_000
  if (now >= expiresAt + leeway) throw new Refusal('expired', 'exp is over (option leeway)')
  if (issuedAt > now + leeway) throw new Refusal('not_yet_valid', 'iat is to come (option leeway)')
  if (expiresAt < issuedAt) throw invalid('exp is before iat')
  if (expiresAt - issuedAt > maxLifetime) throw invalid('exp is too far from iat (option maxLifetime)')
  return { issuedAt, expiresAt }
}

/** Checks that the token is about a logout, and is no ID token. */
function checkEvents(claims: UnverifiedJwt['claims']): void {
  const { events } = claims
  const logout = isJsonObject(events) && Object.hasOwn(events, EVENT) ? events[EVENT] : undefined
  if (!isJsonObject(logout)) throw invalid('events does not tell of a logout')
  if ('nonce' in claims) throw invalid('it has nonce, as ID tokens have')
}

function detailOfType(typ: unknown, { issuer, dialect }: Issuer, claims: Readonly<Record<string, unknown>>): string {
  const wanted = dialect.logoutTypes.map((one) => one ?? 'none').join(', ')
  return `typ is ${shown(typ)}, wanted ${wanted}; ${remedy(issuer, claims, 'logout.types')}`
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 8_640_000_000_000
}

function isNameOrMissing(value: unknown): value is string | undefined {
  return value === undefined || isName(value)
}

function invalid(detail: string): Refusal {
  return new Refusal('claim_invalid', detail)
}

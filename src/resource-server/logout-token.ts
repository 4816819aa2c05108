import { Refusal } from './access-token-error.ts'
import { remedy } from './foreign-dialect.ts'
import { shown } from './found.ts'
import type { Issuer } from './issuer.ts'
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

/** What it is checked against. Milliseconds. */
export interface LogoutTokenRules {
  readonly issuer: Issuer
  readonly clientId: string
  readonly leeway: number
  /** From `iat` on; all there is to bound a token without `exp`, where the dialect allows one. */
  readonly maxLifetime: number
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Checks everything of §2.6 but the signature.
 * @param now epoch milliseconds
 * @throws Refusal
 */
export function readLogoutToken(
  { header, claims }: UnverifiedJwt,
  { issuer, clientId, leeway, maxLifetime }: LogoutTokenRules,
  now: number,
): LogoutToken {
  const { iss, aud, iat, exp, jti, events, sub, sid } = claims
  const { logoutTypes, logoutWithoutExpiry } = issuer.dialect
  if (!logoutTypes.includes(typeOf(header.typ)))
    throw new Refusal('type_wrong', detailOfType(header.typ, issuer, claims))
  if (typeof iss !== 'string' || !issuer.hasIssued(iss))
    throw new Refusal('issuer_unknown', `iss is ${shown(iss)}, wanted ${shown(issuer.issuer)} (option issuer)`)
  if (!(Array.isArray(aud) ? aud : [aud]).includes(clientId))
    throw new Refusal('audience_mismatch', `aud is ${shown(aud)}, wanted ${shown(clientId)} (option clientId)`)
  if (exp === undefined && !logoutWithoutExpiry)
    throw new Refusal('claim_missing', `wanted exp; ${remedy(issuer.issuer, claims, 'logout.withoutExpiry')}`)
  if (!isTime(iat)) throw invalid('iat')
  const issuedAt = iat * 1_000
  const end = exp === undefined ? iat + maxLifetime / 1_000 : exp
  if (!isTime(end)) throw invalid('exp')
  const expiresAt = end * 1_000
  if (now >= expiresAt + leeway) throw new Refusal('expired')
  if (issuedAt > now + leeway) throw new Refusal('not_yet_valid')
  if (expiresAt - issuedAt > maxLifetime || expiresAt < issuedAt) throw invalid('exp')
  if (typeof jti !== 'string' || !jti) throw invalid('jti')
  if (!isObject(events) || !Object.hasOwn(events, EVENT) || !isObject(events[EVENT])) throw invalid('events')
  if ('nonce' in claims) throw invalid('nonce')
  if (!isName(sub) || !isName(sid) || (sub === undefined && sid === undefined)) throw invalid('sub and sid')
  return { jti, issuer: iss, subject: sub, sid, issuedAt, expiresAt }
}

function detailOfType(typ: unknown, { issuer, dialect }: Issuer, claims: Readonly<Record<string, unknown>>): string {
  const wanted = dialect.logoutTypes.map((one) => one ?? 'none').join(', ')
  return `typ is ${shown(typ)}, wanted ${wanted}; ${remedy(issuer, claims, 'logout.types')}`
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 8_640_000_000_000
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '')
}

function invalid(detail: string): Refusal {
  return new Refusal('claim_invalid', detail)
}

import { Refusal } from './access-token-error.ts'
import type { UnverifiedJwt } from './strict-jwt.ts'

/** What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4). Epoch milliseconds. */
export interface LogoutToken {
  readonly jti: string
  readonly subject: string | undefined
  readonly sid: string | undefined
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What it is checked against. Milliseconds. */
export interface LogoutTokenRules {
  readonly issuer: string
  readonly clientId: string
  readonly leeway: number
  readonly maxLifetime: number
  /** Whether a token without type counts. */
  readonly untyped: boolean
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Checks everything of §2.6 but the signature.
 * @param now epoch milliseconds
 * @throws Refusal
 */
export function readLogoutToken(
  { header, claims }: UnverifiedJwt,
  { issuer, clientId, leeway, maxLifetime, untyped }: LogoutTokenRules,
  now: number,
): LogoutToken {
  const { iss, aud, iat, exp, jti, events, sub, sid } = claims
  const typ = header.typ === undefined ? undefined : String(header.typ).toLowerCase()
  const isTyped = typ === 'logout+jwt' || typ === 'application/logout+jwt'
  if (!isTyped && !(untyped && (typ === undefined || typ === 'jwt'))) throw new Refusal('type_wrong')
  if (iss !== issuer) throw new Refusal('issuer_unknown')
  if (!(Array.isArray(aud) ? aud : [aud]).includes(clientId)) throw new Refusal('audience_mismatch')
  if (!isTime(iat) || !isTime(exp)) throw invalid('iat and exp')
  const issuedAt = iat * 1_000
  const expiresAt = exp * 1_000
  if (now >= expiresAt + leeway) throw new Refusal('expired')
  if (issuedAt > now + leeway) throw new Refusal('not_yet_valid')
  if (expiresAt - issuedAt > maxLifetime || expiresAt < issuedAt) throw invalid('exp')
  if (typeof jti !== 'string' || !jti) throw invalid('jti')
  if (!isObject(events) || !Object.hasOwn(events, EVENT) || !isObject(events[EVENT])) throw invalid('events')
  if ('nonce' in claims) throw invalid('nonce')
  if (!isName(sub) || !isName(sid) || (sub === undefined && sid === undefined)) throw invalid('sub and sid')
  return { jti, subject: sub, sid, issuedAt, expiresAt }
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

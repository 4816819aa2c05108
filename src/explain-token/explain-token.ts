import { withoutControls } from '../errors.ts'
import { utf8 } from '../protocol/utf8.ts'
import { explainRefusal } from './explain-refusal.ts'
import type {
  ExplainedAction,
  ExplainedKind,
  ExplainedProblem,
  ExplainedResponse,
  ExplainTokenOptions,
  TokenExplanation,
} from './token-explanation.ts'

/**
 * Explains a token or an API's answer: what it is, why it is refused, and what to do. It is for consoles, error pages and support. It verifies no
 * signature, sends no request, and never throws.
 * @param input a token, the value of an `Authorization` header, or the response of an API
 */
export function explainToken(input: string | ExplainedResponse, options: ExplainTokenOptions = {}): TokenExplanation {
  const isResponse = typeof input === 'object' && input !== null
  return isResponse ? explainRefusal(input) : explainText(String(input), options ?? {})
}

function explainText(input: string, { audience, issuer, now }: ExplainTokenOptions): TokenExplanation {
  const token = input.trim().replace(/^(bearer|dpop)\s+/i, '')
  const parts = token.split('.')
  const [header, claims] = parts.length === 3 ? parts.slice(0, 2).map(decode) : []
  if (!header || !claims)
    return {
      kind: 'opaque',
      problem: 'none',
      action: 'none',
      text: 'It is no JWT: only the authorization server that issued it can say what it means (RFC 7662).',
    }

  const kind = kindOf(header, claims)
  const { iss, aud, exp, nbf, iat } = claims
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one): one is string => typeof one === 'string')
  const expiresAt = isTime(exp) ? exp * 1_000 : undefined
  const told = {
    ...(typeof iss === 'string' && { issuer: withoutControls(iss) }),
    ...(audiences.length > 0 && { audience: audiences.map(withoutControls) }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
  const found = (problem: ExplainedProblem, action: ExplainedAction, text: string): TokenExplanation => ({
    kind,
    problem,
    action,
    text: withoutControls(text),
    ...told,
  })

  if (/^none$/i.test(textOf(header.alg))) return found('unsigned', 'sign_in', 'Nobody signed it: every API refuses it.')
  if (issuer !== undefined && iss !== issuer)
    return found(
      'wrong_issuer',
      'fix_issuer',
      `It was issued by "${textOf(iss)}", not by "${issuer}"; a slash at the end counts.`,
    )
  if (kind !== 'access_token' && kind !== 'jwt')
    return found('not_an_access_token', 'send_token', `It is ${names[kind]}: an API takes access tokens only.`)
  if (audience !== undefined && !audiences.includes(audience))
    return found(
      'wrong_audience',
      'fix_audience',
      `It is for ${audiences.join(', ') || 'nobody in particular'}, not for ${audience}: ask for that resource (RFC 8707), or correct the API's audience.`,
    )

  // If the time is not known, or the token has no times, it is neither too late nor too early.
  const late = (now ?? -Infinity) - (expiresAt ?? Infinity)
  if (late >= 0) return found('expired', 'refresh', `It expired ${span(late)} ago.`)

  const early = Math.max(...[nbf, iat].filter(isTime), 0) * 1_000 - (now ?? Infinity)
  if (early > 0)
    return found('not_yet_valid', 'fix_clock', `It counts from ${span(early)} on: one of the clocks is wrong.`)

  return found('none', 'none', `Nothing is wrong with what ${names[kind]} says; its signature was not looked at.`)
}

const names: Readonly<Record<Exclude<ExplainedKind, 'refusal' | 'response' | 'opaque'>, string>> = {
  access_token: 'an access token',
  id_token: 'an ID token',
  logout_token: 'a logout token',
  dpop_proof: 'a DPoP proof',
  jwt: 'the JWT',
}

function kindOf(
  { typ }: Record<string, unknown>,
  claims: Record<string, unknown>,
): Exclude<ExplainedKind, 'refusal' | 'response' | 'opaque'> {
  const type = textOf(typ).toLowerCase().replace('application/', '')
  if (type === 'at+jwt') return 'access_token'
  if (type === 'dpop+jwt') return 'dpop_proof'
  if (type === 'logout+jwt' || 'events' in claims) return 'logout_token'
  if (isAccessTokenOfProvider(claims)) return 'access_token'

  const saysIdToken = claims.typ === 'ID' || claims.token_use === 'id'
  const hasMark = 'nonce' in claims || 'at_hash' in claims
  return saysIdToken || hasMark ? 'id_token' : 'jwt'
}

/**
 * Whether the claims are those of an access token of authentik, Cognito, Entra, Keycloak or Okta. This is asked before `nonce`, because access tokens of
 * authentik and Keycloak may have a `nonce` too.
 */
function isAccessTokenOfProvider(claims: Record<string, unknown>): boolean {
  const { token_use, typ, scp, cid, appid, azp, uid, at_hash } = claims
  const hasType = typ === 'Bearer' || typ === 'DPoP'
  const hasOwnClaim = [scp, cid, appid].some((claim) => claim !== undefined)
  // authentik's. ID tokens of other servers may have both as well, but then a typ or an at_hash too.
  const hasOwnPair = azp !== undefined && uid !== undefined
  const isOfAuthentik = hasOwnPair && typ === undefined && at_hash === undefined
  return token_use === 'access' || hasType || hasOwnClaim || isOfAuthentik
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(utf8(atob(part.replace(/-/g, '+').replace(/_/g, '/'))))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(Math.round(value * 1_000))
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds} s`

  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

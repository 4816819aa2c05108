import { TokenManagerError, type TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { DpopKey } from './dpop.ts'
import type { Answer } from './exchange.ts'
import {
  answerText,
  invalid,
  meaningOf,
  type RefusalMeaning,
  refusal,
  saysError,
  type TransientFailure,
  transient,
  wrongMember,
} from './failure.ts'
import { checkIdToken, type ExpectedIdToken, type IdTokenClaims } from './id-token.ts'
import { textOf } from './json-members.ts'

export type { IdTokenClaims, TransientFailure }

/** One token answer, read and validated (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Wall clock when the request was sent. */
  readonly obtainedAt: EpochMs
  /** Absent: the server did not say, and nobody guesses. Never before `obtainedAt`. */
  readonly expiresAt?: EpochMs | undefined
  /** The granted scope: the answer's, else the one asked for; absent where neither named one. */
  readonly scope?: string | undefined
  /** A new refresh token; absent: the present one stays valid (RFC 6749 §6). */
  readonly refreshToken?: string | undefined
  readonly idToken?: string | undefined
  /** The claims of `idToken`. */
  readonly claims?: IdTokenClaims | undefined
}

/** What came of a token request; never thrown. */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly response: TokenResponse }
  /** The server said `invalid_grant`: the only thing that ends a grant. */
  | { readonly kind: 'rejected'; readonly error: TokenManagerError }
  /** Another refusal. The session is kept. */
  | { readonly kind: 'refused'; readonly error: TokenManagerError; readonly meaning?: RefusalMeaning | undefined }
  | TransientFailure
  /** A success that cannot be used. `refreshToken` came with it and has to be revoked or kept. */
  | { readonly kind: 'invalid'; readonly error: TokenManagerError; readonly refreshToken?: string | undefined }
  /** `beforeSend` said no. */
  | { readonly kind: 'unsent' }

/** What was asked for. */
export interface Requested extends ExpectedIdToken {
  readonly scope?: string | undefined
  /** There is a refresh token, whether the answer brings another or not. */
  readonly refreshable?: boolean | undefined
  /** The key that the request proves possession of; its answer may be bound to it (RFC 9449 §5). */
  readonly dpopKey?: DpopKey | undefined
}

/** An access token goes into a header: printable ASCII without spaces (RFC 6749 appendix A.12), or it goes nowhere. */
const TOKEN = /^[!-~]+$/
const SCOPE = /^[ !#-[\]-~]+$/
/** Ten years in seconds: longer lifetimes mean the same and would overflow dates. */
const LONGEST = 315_360_000

/**
 * Reads an answer of the token endpoint (RFC 6749 §5). Lenient where nothing is at stake: `expires_in` may be a string, and
 * one that is no positive number means "expired already", but 0 without any refresh token "not known"; `token_type` in any case, and
 * without one it is Bearer; `scope` as a list or with commas, and a malformed one is as good as none.
 */
export async function tokenAnswer(
  server: AuthorizationServer,
  answer: Answer,
  requested: Requested,
): Promise<TokenAnswer> {
  const { status, body, sentAt } = answer
  if (status > 299 || saysError(body)) return refusedBy(answer)
  if (!body) return transient('server_unavailable', true, { status }, undefined, answerText(answer))
  const { access_token, expires_in, refresh_token, id_token } = body
  const accessToken = typeof access_token === 'string' && TOKEN.test(access_token) ? access_token : ''
  const refreshToken = typeof refresh_token === 'string' && refresh_token ? refresh_token : undefined

  const { dpop } = server
  // LinkedIn and Shopify have none, and mean Bearer.
  const isTypeMissing = body.token_type == null
  const type = isTypeMissing ? 'bearer' : textOf(body.token_type).toLowerCase()
  const tokenType = type === 'dpop' && requested.dpopKey ? 'DPoP' : 'Bearer'
  let problem: TokenManagerErrorReason | undefined
  if (tokenType === 'Bearer' && dpop?.required) problem = 'dpop_not_bound'
  // A token of another type could not be used as its server means it (RFC 6749 §7.1).
  if (type !== tokenType.toLowerCase()) problem = 'unsupported_token_type'
  if (!accessToken) problem = 'invalid_token_response'
  const member = accessToken ? 'token_type' : 'access_token'
  const idToken = problem
    ? invalid(problem, wrongMember('The token answer', member, body[member]), { status })
    : await checkIdToken(server, id_token, accessToken, requested)
  if (idToken instanceof TokenManagerError) return { kind: 'invalid', error: idToken, refreshToken }
  if (isTypeMissing) server.degraded('token_type_missing')
  dpop?.tell(idToken.claims?.iat, requested.previous?.iat, sentAt)

  const granted = scopeIn(body, requested) ?? requested.scope
  const seconds = parseFloat(textOf(expires_in))
  // Nobody issues a token that is of no use and cannot be replaced: these servers mean that it does not expire.
  const meansUnknown = seconds === 0 && !refreshToken && !requested.refreshable && server.expiresInZero !== 'expired'
  return {
    kind: 'tokens',
    response: {
      accessToken,
      tokenType,
      obtainedAt: sentAt,
      expiresAt:
        expires_in == null || meansUnknown
          ? undefined
          : sentAt + Math.floor((seconds > 0 ? Math.min(seconds, LONGEST) : 0) * 1000),
      scope: granted || undefined,
      refreshToken,
      ...idToken,
    },
  }
}

/** The scope an answer names: space-separated text, or a list (Twitch), or with commas (GitHub, LinkedIn). */
function scopeIn({ scope }: Record<string, unknown>, requested: Requested): string | undefined {
  const isList = Array.isArray(scope) && scope.every((one) => typeof one === 'string')
  const text = isList ? scope.join(' ') : scope
  if (typeof text !== 'string' || !SCOPE.test(text)) return
  // A scope value may hold a comma (RFC 6749 appendix A.4), and then it was asked for with one.
  const separated = requested.scope?.includes(',') ? text : text.replace(/,/g, ' ')
  return separated.trim().replace(/ +/g, ' ') || undefined
}

/** What is wrong with an answer whose access token is of no use when it comes; `undefined` where it has not expired. */
export function expiredOnArrival(
  { obtainedAt, expiresAt = Infinity }: TokenResponse,
  now: EpochMs,
): TokenManagerError | undefined {
  if (expiresAt > now) return undefined
  const lifetime = (expiresAt - obtainedAt) / 1_000
  const what = `The access token came expired: expires_in was ${lifetime}, and it took ${(now - obtainedAt) / 1_000} s`
  return invalid('invalid_token_response', what)
}

/** What came of a request that was turned down, with whatever status. */
function refusedBy(answer: Answer): TokenAnswer {
  const { status, body } = answer
  const error = refusal(answer)
  const meaning = meaningOf(answer)
  const refreshToken = body?.refresh_token
  // An error that brings a new refresh token all the same: that is the one that lives.
  const bringsAnother = typeof refreshToken === 'string' && refreshToken !== ''
  if (bringsAnother && meaning !== 'ended') return { kind: 'invalid', error, refreshToken }
  if (meaning === 'ended') return { kind: 'rejected', error }
  if (meaning === 'transient')
    return transient(
      'server_unavailable',
      /error/.test(`${error.error}`),
      { status, error: error.error },
      undefined,
      answerText(answer),
    )
  return { kind: 'refused', error, meaning }
}

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

/** An answer of the token endpoint, read and checked (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** When the request was sent, on the wall clock. */
  readonly obtainedAt: EpochMs
  /** Never earlier than `obtainedAt`. Absent if the server did not say. It is not guessed. */
  readonly expiresAt?: EpochMs | undefined
  /** The granted scope: the one in the answer, or the requested one if the answer has none. Absent if there is neither. */
  readonly scope?: string | undefined
  /** A new refresh token. Absent if the present one stays valid (RFC 6749 §6). */
  readonly refreshToken?: string | undefined
  readonly idToken?: string | undefined
  /** The claims of `idToken`. */
  readonly claims?: IdTokenClaims | undefined
}

/** The result of a token request. Nothing is thrown. */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly response: TokenResponse }
  /** The server answered `invalid_grant`. Only this ends a grant. */
  | { readonly kind: 'rejected'; readonly error: TokenManagerError }
  /** Another refusal. The session is kept. */
  | { readonly kind: 'refused'; readonly error: TokenManagerError; readonly meaning?: RefusalMeaning | undefined }
  | TransientFailure
  /** A success that cannot be used. If a `refreshToken` came with it, that has to be revoked or kept. */
  | { readonly kind: 'invalid'; readonly error: TokenManagerError; readonly refreshToken?: string | undefined }
  /** `beforeSend` returned false. */
  | { readonly kind: 'unsent' }

/** What the token request asked for. */
export interface Requested extends ExpectedIdToken {
  readonly scope?: string | undefined
  /** Whether the client already has a refresh token, so that the answer need not bring one. */
  readonly refreshable?: boolean | undefined
  /** The key of the request's proof. The tokens in the answer may be bound to it (RFC 9449 §5). */
  readonly dpopKey?: DpopKey | undefined
}

/** Printable ASCII without spaces (RFC 6749 appendix A.12). No header can carry an access token with other characters. */
const TOKEN = /^[!-~]+$/
const SCOPE = /^[ !#-[\]-~]+$/
/** Ten years in seconds. A longer lifetime makes no difference, and could be too large for a date. */
const LONGEST = 315_360_000

/**
 * Reads an answer of the token endpoint (RFC 6749 §5). It is lenient where that cannot do harm:
 * - `expires_in` may be a text. If it is no positive number, the token counts as expired. But 0 without any refresh token means "not known".
 * - `token_type` may have any case. If it is absent, it is Bearer.
 * - `scope` may be a list, or have commas. A malformed one is ignored.
 */
export async function tokenAnswer(
  server: AuthorizationServer,
  answer: Answer,
  requested: Requested,
): Promise<TokenAnswer> {
  const { status, body, sentAt } = answer
  if (status > 299 || saysError(body)) return refusedBy(answer)
  if (!body) return transient('server_unavailable', true, { status }, answerText(answer))

  const { access_token, expires_in, refresh_token, id_token } = body
  const accessToken = typeof access_token === 'string' && TOKEN.test(access_token) ? access_token : ''
  const refreshToken = typeof refresh_token === 'string' && refresh_token ? refresh_token : undefined

  const { dpop } = server
  // LinkedIn and Shopify send no token_type, and their tokens are Bearer tokens.
  const isTypeMissing = body.token_type == null
  const type = isTypeMissing ? 'bearer' : textOf(body.token_type).toLowerCase()
  const tokenType = type === 'dpop' && requested.dpopKey ? 'DPoP' : 'Bearer'

  let problem: TokenManagerErrorReason | undefined
  if (tokenType === 'Bearer' && dpop?.required) problem = 'dpop_not_bound'
  // A client must not use a token of a type that it does not understand (RFC 6749 §7.1).
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
  // A token that is expired and cannot be replaced would be useless. Servers that send 0 here mean that the token does not expire.
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

/** The scope in an answer: names with spaces between them, or with commas (GitHub, LinkedIn), or a list (Twitch). */
function scopeIn({ scope }: Record<string, unknown>, requested: Requested): string | undefined {
  const isList = Array.isArray(scope) && scope.every((one) => typeof one === 'string')
  const text = isList ? scope.join(' ') : scope
  if (typeof text !== 'string' || !SCOPE.test(text)) return

  // The name of a scope may itself contain a comma (RFC 6749 appendix A.4). Then the requested scope has one too.
  const separated = requested.scope?.includes(',') ? text : text.replace(/,/g, ' ')
  return separated.trim().replace(/ +/g, ' ') || undefined
}

/** The error for an answer whose access token had expired before it arrived. `undefined` if it has not expired. */
export function expiredOnArrival(
  { obtainedAt, expiresAt = Infinity }: TokenResponse,
  now: EpochMs,
): TokenManagerError | undefined {
  if (expiresAt > now) return undefined

  const lifetime = (expiresAt - obtainedAt) / 1_000
  const what = `The access token came expired: expires_in was ${lifetime}, and it took ${(now - obtainedAt) / 1_000} s`
  return invalid('invalid_token_response', what)
}

/** The result of a token request that the server refused. */
function refusedBy(answer: Answer): TokenAnswer {
  const { status, body } = answer
  const error = refusal(answer)
  const meaning = meaningOf(answer)

  // Some servers refuse a request and still send a new refresh token. That new one is then the valid one.
  const refreshToken = body?.refresh_token
  const bringsAnother = typeof refreshToken === 'string' && refreshToken !== ''
  if (bringsAnother && meaning !== 'ended') return { kind: 'invalid', error, refreshToken }

  if (meaning === 'ended') return { kind: 'rejected', error }
  if (meaning === 'transient')
    return transient(
      'server_unavailable',
      /error/.test(`${error.error}`),
      { status, error: error.error },
      answerText(answer),
    )
  return { kind: 'refused', error, meaning }
}

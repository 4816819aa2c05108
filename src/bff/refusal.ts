import { isTransient, TokenManagerError, type TokenManagerErrorCode } from '../errors.ts'
import { asJson } from './as-json.ts'

/** Why a request was not carried out: a code of the backend's own, or of the session's. */
export type BffRefusalCode =
  /** It comes from another site, or from an origin that is not listed. */
  | 'cross_site'
  /** A browser wanted to load a sign-in ahead. It asks again when the person goes there. */
  | 'prefetched'
  /** It lacks the field `x-tokenward: 1`, which no other site can send. */
  | 'header_missing'
  /** The path knows no such method; `Allow` names those it knows. */
  | 'method_not_allowed'
  /** A parameter, a path or a field is not what it has to be. */
  | 'invalid_request'
  /** No sign-in with this answer was begun in this browser. */
  | 'no_sign_in'
  /** More sign-ins were begun within ten minutes than `maxSignIns` allows. */
  | 'too_many_sign_ins'
  /** The session has as many event streams and WebSockets open at this host as it may. */
  | 'too_many_connections'
  /** The body is longer than `maxBodySize`. */
  | 'body_too_large'
  /** The API could not be reached, or broke off. */
  | 'api_unreachable'
  /** The API did not answer within `timeout`. */
  | 'api_timeout'
  /** The API answered with a redirect to a place that is not listed, or with a content coding it was not asked for. */
  | 'api_answer_unusable'
  /** A fault of the program: `onRefusal` hears it. */
  | 'internal'
  | TokenManagerErrorCode

/** What the backend did not do, for logs. It holds no secret. */
export interface BffRefusal {
  /** HTTP status of the answer. */
  readonly status: number
  /** Why. */
  readonly code: BffRefusalCode
  /** The path that was asked for, without its query. */
  readonly path: string
  /** What was found, and what was expected. */
  readonly message: string
  /** What was thrown, where something was. */
  readonly error?: unknown
}

/** The name of the field that the page sends with every request, and that the backend answers with where it refuses. */
export const FIELD = 'x-tokenward'

/** A request that is not carried out. */
export class Refused extends Error {
  /** The class's own name. */
  override readonly name = 'Refused'

  /** HTTP status of the answer. */
  readonly status: number
  /** Why. */
  readonly code: BffRefusalCode
  /** Further fields of the answer. */
  readonly fields: Readonly<Record<string, string>>

  /** @param message what was found and what was expected, without secrets */
  constructor(
    status: number,
    code: BffRefusalCode,
    message: string,
    fields: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, { cause })
    this.status = status
    this.code = code
    this.fields = fields
  }
}

/** What `error` means for whoever asked. */
export function refusedBy(error: unknown, now: number): Refused {
  if (error instanceof Refused) return error
  if (!(error instanceof TokenManagerError)) return new Refused(500, 'internal', 'That did not work', {}, error)

  const { code, retryAt, message } = error
  // That the store could not be read says nothing about the session.
  const isUnknown = code === 'ERR_SIGNED_OUT' && error.reason === 'storage_lost'
  if (isUnknown || isTransient(error)) {
    const seconds = Math.max(1, Math.ceil(((retryAt ?? now) - now) / 1000))
    const shown = isUnknown ? 'ERR_STORE_FAILED' : code
    return new Refused(503, shown, message, { 'retry-after': `${seconds}` }, error)
  }
  return new Refused(statusOf(error), code, message, {}, error)
}

function statusOf({ code, reason }: TokenManagerError): number {
  if (code === 'ERR_STEP_UP_REQUIRED') return reason === 'insufficient_scope' ? 403 : 401
  const needsSignIn = code === 'ERR_SIGNED_OUT' || code === 'ERR_GRANT_REJECTED'
  if (needsSignIn) return 401
  const isOfTheSignIn = code === 'ERR_AUTHORIZATION_REJECTED' || code === 'ERR_AUTHORIZATION_CANCELLED'
  if (isOfTheSignIn) return 400
  return code === 'ERR_RESPONSE_INVALID' ? 502 : 500
}

/** The answer for a page's script: JSON, with the members of a `TokenManagerError`. */
export function refusalAsJson({ status, code, message, fields, cause }: Refused): Response {
  const { reason, acrValues, maxAge, scope, retryAt }: Partial<TokenManagerError> =
    cause instanceof TokenManagerError ? cause : {}
  const told = { code, reason, message, acrValues, maxAge, scope, retryAt }
  return asJson(told, status, { [FIELD]: code, ...fields })
}

/** The answer for a person who looks at it. */
export function refusalAsText({ status, code, message, fields }: Refused): Response {
  return new Response(message, {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      [FIELD]: code,
      ...fields,
    },
  })
}

import { isTransient, TokenManagerError, type TokenManagerErrorCode } from '../errors.ts'
import { asJson } from './as-json.ts'

/** Why the backend refused a request: one of its own codes, or the code of a `TokenManagerError`. */
export type BffRefusalCode =
  /** The request comes from another site, or from an origin that is not listed. */
  | 'cross_site'
  /** A browser wanted to load a sign-in ahead. It asks again when the person goes there. */
  | 'prefetched'
  /** The request lacks the header `x-tokenward: 1`, which no other site can send. */
  | 'header_missing'
  /** The path does not take this method. The header `Allow` names the methods that it takes. */
  | 'method_not_allowed'
  /** A parameter, a path or a header field is not valid. */
  | 'invalid_request'
  /** No sign-in that fits this answer was begun in this browser. */
  | 'no_sign_in'
  /** More sign-ins were begun within an hour than `maxSignIns` allows. */
  | 'too_many_sign_ins'
  /** The session already has 100 event streams and WebSockets open at this host. */
  | 'too_many_connections'
  /** The body is longer than `maxBodySize`. */
  | 'body_too_large'
  /** The API could not be reached, or its connection broke. */
  | 'api_unreachable'
  /** The API did not answer within `timeout`. */
  | 'api_timeout'
  /** The API answered with a redirect to a place that is not listed, or with a content coding it was not asked for. */
  | 'api_answer_unusable'
  /** A logout that the authorization server sent to the path `backchannel` was not accepted. `message` says why. */
  | 'logout_refused'
  /** A fault of a program. `onRefusal` gets the error. */
  | 'internal'
  | TokenManagerErrorCode

/** A request that the backend refused, for logs. It holds no secret. */
export interface BffRefusal {
  /** The HTTP status of the answer. */
  readonly status: number
  /** Why the request was refused. */
  readonly code: BffRefusalCode
  /** The path of the request, without its query. */
  readonly path: string
  /** What was found, and what was expected. */
  readonly message: string
  /** The error that was the cause. Absent if there was none. */
  readonly error?: unknown
}

/** The header field that the page sends with every request, and in which the backend sends the code of a refusal. */
export const FIELD = 'x-tokenward'

/** The error for a request that the backend refuses. */
export class Refused extends Error {
  /** The class's own name. */
  override readonly name = 'Refused'

  /** The HTTP status of the answer. */
  readonly status: number
  /** Why the request is refused. */
  readonly code: BffRefusalCode
  /** More header fields of the answer. */
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

/** Makes a function that calls `onRefusal`. */
export function telling(
  onRefusal: ((refusal: BffRefusal) => void) | undefined,
): (refused: Refused, path: string) => void {
  return ({ status, code, message, cause }, path) => {
    try {
      onRefusal?.({ status, code, message, path, error: cause })
    } catch {
      // An error in the listener must not change the answer.
    }
  }
}

/** The refusal that answers a request after `error`. */
export function refusedBy(error: unknown, now: number): Refused {
  if (error instanceof Refused) return error
  if (!(error instanceof TokenManagerError)) return new Refused(500, 'internal', 'That did not work', {}, error)

  const { code, retryAt, message } = error
  // The session may still be there: the store could not be read.
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

/** The answer for a person, who sees it in the browser. */
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

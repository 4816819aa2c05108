import {
  TokenManagerError,
  type TokenManagerErrorCode,
  type TokenManagerErrorDetails,
  type TokenManagerErrorReason,
} from '../errors.ts'
import type { Clock } from '../ports.ts'
import { retryAfter } from './retry-after.ts'

/** The server could not be asked, or did not say yes or no. Nothing is known to have ended. */
export interface TransientFailure {
  readonly kind: 'transient'
  readonly error: TokenManagerError
  /** The server may have processed the request all the same. */
  readonly lost: boolean
  /** Milliseconds the server asked to wait, at most an hour. */
  readonly retryAfter?: number | undefined
}

/** A passing fault. `wait`: milliseconds the server asked for. */
export function transient(
  reason: TokenManagerErrorReason,
  lost: boolean,
  details: TokenManagerErrorDetails,
  wait?: number,
): TransientFailure {
  const error = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', reason, undefined, details)
  return { kind: 'transient', error, lost, retryAfter: wait }
}

/** An answer that is not what the specification asks for. */
export function invalid(
  reason: TokenManagerErrorReason,
  what?: string,
  details?: TokenManagerErrorDetails,
): TokenManagerError {
  return new TokenManagerError('ERR_RESPONSE_INVALID', reason, what, details)
}

/** What is wrong with a member of an answer, by its name. */
export function wrongMember(what: string, name: string, value: unknown): string {
  return value == null ? `${what} has no ${name}` : `${what} has a ${name} that cannot be used`
}

/** What a status alone says: redirects, 408, 429, 5xx and what HTTP does not know are passing faults; 2xx and 4xx are answers. */
export function unavailable({ status, headers, redirected }: Response, clock: Clock): TransientFailure | undefined {
  if (redirected || status < 200 || (status > 299 && status < 400))
    return transient('unexpected_redirect', false, { status })
  if (status < 500 && status !== 408 && status !== 429) return
  const wait = retryAfter(headers, clock.now())
  return transient(
    status === 429 ? 'throttled' : 'server_unavailable',
    status >= 500 && status !== 503,
    { status, retryAt: wait === undefined ? wait : clock.now() + wait },
    wait,
  )
}

/** The JSON object in `text`, which may begin with a byte order mark (RFC 8259 §8.1); `undefined` for anything else. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (value && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  return
}

/**
 * A 4xx answer as an error (RFC 6749 §5.2), judged by the body whatever its content type. Only `reason: 'invalid_grant'`
 * means that the grant has ended.
 */
export function refusal({
  status,
  body,
}: {
  status: number
  body: Record<string, unknown> | undefined
}): TokenManagerError {
  const error = typeof body?.error === 'string' ? body.error : ''
  let code: TokenManagerErrorCode = error ? 'ERR_CLIENT_REJECTED' : 'ERR_TEMPORARILY_UNAVAILABLE'
  let reason = 'server_refused'
  if (error === 'unauthorized_client') reason = 'invalid_client'
  if (/^invalid_(grant|client|scope|target)$/.test(error)) reason = error
  if (error === 'invalid_grant') code = 'ERR_GRANT_REJECTED'
  return new TokenManagerError(code, reason as TokenManagerErrorReason, undefined, { status, error })
}

import { TokenManagerError } from '../errors.ts'
import { exposedFields } from './preflight.ts'

/**
 * Why a request was refused. There are no other reasons than these.
 *
 * | reason | status | `error` (RFC 6750 §3.1) |
 * | --- | --- | --- |
 * | `no_credentials` | 401 | none: the request brought no token |
 * | `malformed_request` | 400 | `invalid_request`: two tokens, two `Authorization` fields, or one that cannot be read |
 * | `malformed` … `inactive` | 401 | `invalid_token` |
 * | `scope_missing`, `subject_not_a_user` | 403 | `insufficient_scope` |
 * | `step_up_required` | 401 | `insufficient_user_authentication` (RFC 9470) |
 * | `proof_missing`, `proof_invalid`, `proof_replayed` | 401 | `invalid_dpop_proof` (RFC 9449 §7.1) |
 * | `nonce_required` | 401 | `use_dpop_nonce` (RFC 9449 §9) |
 * | `keys_unavailable` … `guard_failed` | 503 | none: the token could not be checked; try again later |
 */
export type AccessTokenErrorReason =
  | 'no_credentials'
  | 'malformed_request'
  // the token itself: 401 invalid_token
  | 'malformed'
  | 'type_wrong'
  | 'algorithm_not_allowed'
  | 'issuer_unknown'
  | 'key_unknown'
  | 'signature_invalid'
  | 'audience_mismatch'
  | 'claim_missing'
  | 'claim_invalid'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'session_ended'
  | 'binding_mismatch'
  | 'inactive'
  // what it allows
  | 'scope_missing'
  | 'subject_not_a_user'
  | 'step_up_required'
  // proof of possession
  | 'proof_missing'
  | 'proof_invalid'
  | 'proof_replayed'
  | 'nonce_required'
  // our side: 503
  | 'keys_unavailable'
  | 'introspection_unavailable'
  | 'denylist_stale'
  | 'replay_store_unavailable'
  | 'guard_failed'

/** The answer for each reason: the status, and the `error` of the challenge. */
const answers: Readonly<Record<AccessTokenErrorReason, readonly [status: number, error?: string]>> = {
  no_credentials: [401],
  malformed_request: [400, 'invalid_request'],
  malformed: [401, 'invalid_token'],
  type_wrong: [401, 'invalid_token'],
  algorithm_not_allowed: [401, 'invalid_token'],
  issuer_unknown: [401, 'invalid_token'],
  key_unknown: [401, 'invalid_token'],
  signature_invalid: [401, 'invalid_token'],
  audience_mismatch: [401, 'invalid_token'],
  claim_missing: [401, 'invalid_token'],
  claim_invalid: [401, 'invalid_token'],
  expired: [401, 'invalid_token'],
  not_yet_valid: [401, 'invalid_token'],
  revoked: [401, 'invalid_token'],
  session_ended: [401, 'invalid_token'],
  binding_mismatch: [401, 'invalid_token'],
  inactive: [401, 'invalid_token'],
  scope_missing: [403, 'insufficient_scope'],
  subject_not_a_user: [403, 'insufficient_scope'],
  step_up_required: [401, 'insufficient_user_authentication'],
  proof_missing: [401, 'invalid_dpop_proof'],
  proof_invalid: [401, 'invalid_dpop_proof'],
  proof_replayed: [401, 'invalid_dpop_proof'],
  nonce_required: [401, 'use_dpop_nonce'],
  keys_unavailable: [503],
  introspection_unavailable: [503],
  denylist_stale: [503],
  replay_store_unavailable: [503],
  guard_failed: [503],
}

/** The answer to a refused request. */
export interface RefusalAnswer {
  /** The value of `WWW-Authenticate`. Absent if the status is 503. */
  readonly wwwAuthenticate?: string | undefined
  /** More header fields of the answer, by their names in lower case: `retry-after`, `dpop-nonce`, `cache-control`, … */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * What was found and what was wanted, for people who run the API. It is never sent. It may contain the type, the algorithm, the issuer, the
   * audience and the names of claims of a token, shortened and in printable ASCII. It never contains the token, a person or a key.
   */
  readonly detail?: string | undefined
  /** The scope that a policy asks for. */
  readonly scope?: string | undefined
}

/**
 * The error for a request that is refused. `status` and `headers` are the whole answer to the client. `reason` and `detail` are for logs and
 * metrics. The error contains no token, no person and no key.
 */
export class AccessTokenError extends Error {
  /** The class's own name. */
  override readonly name = 'AccessTokenError'
  /** Why the request was refused. */
  readonly reason: AccessTokenErrorReason
  /**
   * What was found, what was wanted, and the option that would change it. It is for the people who run the API and must not be sent to the
   * client, so it is not part of `message`. Absent if `reason` says everything.
   */
  readonly detail?: string
  /** The HTTP status of the answer: 400, 401, 403 or 503. */
  readonly status: number
  /**
   * The `error` of the challenge (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3). Absent if the request had no credentials, and if the status is
   * 503.
   */
  readonly error?: string
  /** The value of `WWW-Authenticate`. Absent if the status is 503. */
  readonly wwwAuthenticate?: string
  /** All header fields of the answer, by their names in lower case. `www-authenticate` is among them. */
  readonly headers: Readonly<Record<string, string>>

  /** @param answer the rest of the answer. The guard makes it */
  constructor(reason: AccessTokenErrorReason, answer: RefusalAnswer = {}) {
    const [status, error] = answers[reason]
    super(reason.replace(/_/g, ' '))

    const { wwwAuthenticate, detail } = answer
    this.reason = reason
    if (detail !== undefined) this.detail = detail
    this.status = status
    if (error !== undefined) this.error = error
    if (wwwAuthenticate !== undefined) this.wwwAuthenticate = wwwAuthenticate
    this.headers = Object.freeze({
      'cache-control': 'no-store',
      ...exposedFields,
      ...(wwwAuthenticate !== undefined && { 'www-authenticate': wwwAuthenticate }),
      ...answer.headers,
    })
  }

  /** The answer as a `Response` with an empty body. */
  toResponse(): Response {
    return new Response(null, { status: this.status, headers: { ...this.headers } })
  }
}

/** The status and the challenge's `error` for a reason. */
export function answerOf(reason: AccessTokenErrorReason): { readonly status: number; readonly error?: string } {
  const [status, error] = answers[reason]
  return error === undefined ? { status } : { status, error }
}

/** The parts of a refusal other than its reason. */
export interface RefusalDetails extends RefusalAnswer {
  /** More parameters of the challenge. */
  readonly params?: Readonly<Record<string, string>> | undefined
  /** Only with 503: how long a client should wait before it tries again, in milliseconds. */
  readonly retryAfter?: number | undefined
}

/** The shortest wait that a 503 asks for, in seconds. */
const SHORTEST_WAIT = 5

/** The value of `Retry-After` (RFC 9110 §10.2.3). */
export function retryAfterField({ retryAfter = 0 }: RefusalDetails = {}): string {
  return String(Math.max(SHORTEST_WAIT, Math.ceil(retryAfter / 1_000)))
}

/** Thrown inside of the guard, which makes an {@link AccessTokenError} of it and adds the challenge. */
export class Refusal {
  readonly reason: AccessTokenErrorReason
  readonly answer: RefusalDetails

  constructor(reason: AccessTokenErrorReason, detail?: string, more: Refusal['answer'] = {}) {
    this.reason = reason
    this.answer = { ...more, detail }
  }
}

/**
 * The refusal for an error inside of the guard. An error of this library is about the configuration, and its message is shown. Of any other
 * error only the name is shown, because its message may contain secrets.
 */
export function failure(cause: unknown): Refusal {
  if (cause instanceof TokenManagerError) return new Refusal('guard_failed', cause.message)
  return new Refusal('guard_failed', cause instanceof Error ? cause.name : typeof cause)
}

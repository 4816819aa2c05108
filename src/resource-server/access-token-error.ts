import { TokenManagerError } from '../errors.ts'
import { exposedFields } from './preflight.ts'

/**
 * Why a request was refused, closed.
 *
 * | reason | status | `error` (RFC 6750 §3.1) |
 * | --- | --- | --- |
 * | `no_credentials` | 401 | none: the request brought no token |
 * | `malformed_request` | 400 | `invalid_request`: two tokens, two `Authorization` fields, or one that nobody can read |
 * | `malformed` … `inactive` | 401 | `invalid_token` |
 * | `scope_missing`, `subject_not_a_user` | 403 | `insufficient_scope` |
 * | `step_up_required` | 401 | `insufficient_user_authentication` (RFC 9470) |
 * | `proof_missing`, `proof_invalid`, `proof_replayed` | 401 | `invalid_dpop_proof` (RFC 9449 §7.1) |
 * | `nonce_required` | 401 | `use_dpop_nonce` (RFC 9449 §9) |
 * | `keys_unavailable` … `guard_failed` | 503 | none: nothing is wrong with the token; try again |
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

/** How a reason is answered: the status, and the `error` of the challenge. */
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

/** The answer to a refused request, as HTTP sees it. */
export interface RefusalAnswer {
  /** `WWW-Authenticate`, ready to be sent. Absent with 503. */
  readonly wwwAuthenticate?: string | undefined
  /** Further fields of the answer by lower-case name: `retry-after`, `dpop-nonce`, `cache-control`, … */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * For people who run the API, never sent: what was found and what was wanted. Of a token it names at most type, algorithm, issuer,
   * audience and names of claims, shortened to printable ASCII; never the token, a person, or a key.
   */
  readonly detail?: string | undefined
  /** Scope a policy asks for. */
  readonly scope?: string | undefined
}

/**
 * A request that is refused. Its `status` and `headers` are the whole answer; `reason` and `detail` are for logs and metrics. It holds
 * no token, no person and no key.
 */
export class AccessTokenError extends Error {
  /** The class's own name. */
  override readonly name = 'AccessTokenError'
  /** Why, closed. */
  readonly reason: AccessTokenErrorReason
  /**
   * What was found, what was wanted, and the option that would change it, for those who run the API; never for the caller, which is why
   * it is not in `message`. Absent where `reason` says it all.
   */
  readonly detail?: string
  /** HTTP status to answer with: 400, 401, 403 or 503. */
  readonly status: number
  /** The `error` of the challenge (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3); absent without credentials and with 503. */
  readonly error?: string
  /** `WWW-Authenticate`, ready to be sent. Absent with 503. */
  readonly wwwAuthenticate?: string
  /** All fields of the answer by lower-case name, `www-authenticate` among them. */
  readonly headers: Readonly<Record<string, string>>

  /** @param answer what is sent beside the status; made by the guard */
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

/** The status and challenge error a reason stands for. */
export function answerOf(reason: AccessTokenErrorReason): { readonly status: number; readonly error?: string } {
  const [status, error] = answers[reason]
  return error === undefined ? { status } : { status, error }
}

/** What a refusal says beside its reason. */
export interface RefusalDetails extends RefusalAnswer {
  /** Parameters of the challenge. */
  readonly params?: Readonly<Record<string, string>> | undefined
  /** With 503: how soon it is of use to try again, ms. */
  readonly retryAfter?: number | undefined
}

/** With 503, who is refused is told to wait at least so long, s. */
const SHORTEST_WAIT = 5

/** The value of `Retry-After` (RFC 9110 §10.2.3). */
export function retryAfterField({ retryAfter = 0 }: RefusalDetails = {}): string {
  return String(Math.max(SHORTEST_WAIT, Math.ceil(retryAfter / 1_000)))
}

/** Thrown inside the guard; it becomes an {@link AccessTokenError} once the challenge is known. */
export class Refusal {
  readonly reason: AccessTokenErrorReason
  readonly answer: RefusalDetails

  constructor(reason: AccessTokenErrorReason, detail?: string, more: Refusal['answer'] = {}) {
    this.reason = reason
    this.answer = { ...more, detail }
  }
}

/**
 * What the guard says of something that failed inside it. What is wrong with the configuration is told in its own words; of anything else
 * the kind alone, because its words may hold what nobody should read.
 */
export function failure(cause: unknown): Refusal {
  if (cause instanceof TokenManagerError) return new Refusal('guard_failed', cause.message)
  return new Refusal('guard_failed', cause instanceof Error ? cause.name : typeof cause)
}

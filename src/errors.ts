/**
 * What a caller can do about a failure. Closed: a new code is a new major version.
 *
 * | code | what to do |
 * | --- | --- |
 * | `ERR_INVALID_OPTION` | correct the option that the message names |
 * | `ERR_UNSUPPORTED` | use a platform that has what the message names |
 * | `ERR_SIGNED_OUT` | let the person sign in; `reason` says why the session ended |
 * | `ERR_AUTHORIZATION_CANCELLED` | nothing: the person closed or left the sign-in |
 * | `ERR_AUTHORIZATION_REJECTED` | start a new sign-in; `reason` and `error` say what was wrong with the answer |
 * | `ERR_GRANT_REJECTED` | let the person sign in: the authorization server no longer accepts the refresh token, or asks for a new sign-in |
 * | `ERR_CLIENT_REJECTED` | correct the client's registration or configuration |
 * | `ERR_RESPONSE_INVALID` | correct the server: its answer breaks the specification |
 * | `ERR_TEMPORARILY_UNAVAILABLE` | try again after `retryAt`; the session is kept |
 * | `ERR_STORE_FAILED` | nothing at once: the platform's storage failed, and the session in memory goes on |
 * | `ERR_STEP_UP_REQUIRED` | ask for what the API wants with `signIn({ stepUp: stepUp(error) })` |
 * | `ERR_TARGET_NOT_ALLOWED` | list the URL in `resources`, or call it without a token |
 * | `ERR_NOT_REPLAYABLE` | send the request again with a new body |
 * | `ERR_REDIRECTED` | call the URL that the API redirects to |
 */
export type TokenManagerErrorCode =
  | 'ERR_INVALID_OPTION'
  | 'ERR_UNSUPPORTED'
  | 'ERR_SIGNED_OUT'
  | 'ERR_AUTHORIZATION_CANCELLED'
  | 'ERR_AUTHORIZATION_REJECTED'
  | 'ERR_GRANT_REJECTED'
  | 'ERR_CLIENT_REJECTED'
  | 'ERR_RESPONSE_INVALID'
  | 'ERR_TEMPORARILY_UNAVAILABLE'
  | 'ERR_STORE_FAILED'
  | 'ERR_STEP_UP_REQUIRED'
  | 'ERR_TARGET_NOT_ALLOWED'
  | 'ERR_NOT_REPLAYABLE'
  | 'ERR_REDIRECTED'

/** Why nobody is signed in: the `reason` of the state `signedOut` and of `ERR_SIGNED_OUT`. */
export type SignedOutReason =
  /** Nobody has signed in on this device yet, or its storage was deleted. */
  | 'none'
  /** `signOut()` was called here. */
  | 'signed_out'
  /** Another tab, process or host signed out. */
  | 'signed_out_elsewhere'
  /** The authorization server ended the person's session there. */
  | 'session_ended'
  /** The authorization server answered `invalid_grant` (RFC 6749 §5.2). */
  | 'rejected'
  /** The answer to a refresh was lost, and the server no longer accepts the refresh token that was sent. */
  | 'outcome_unknown'
  /** The access token expired, and there is no refresh token. */
  | 'expired'
  /** The session was not used for as long as `idleTimeout` allows. */
  | 'idle'
  /** The sign-in was longer ago than `maxAge` allows. */
  | 'max_age'
  /** The authorization server answered for another person (OpenID Connect Core §12.2). */
  | 'user_changed'
  /** The platform's storage could not be read, so it is not known whether there is a session. The next call reads it again. */
  | 'storage_lost'
  /**
   * The key of the tokens is gone or cannot sign (RFC 9449 §5). Or the option `dpop` is missing. Or `dpop` is required, and the tokens are
   * not bound to a key.
   */
  | 'dpop_key_lost'
  /** A newer version of this library wrote the stored session. Reload to get that version. */
  | 'incompatible_version'
  /** A sign-in failed. The state has the cause in `error`. */
  | 'sign_in_failed'
  /** A session pool gave the session another name with `rename()`, and it goes on under that name. */
  | 'renamed'

/** What happened; the list is complete. Use it in your code and for metrics. Show `message` to developers only. */
export type TokenManagerErrorReason =
  | SignedOutReason
  // options and platform
  | 'invalid_option'
  | 'no_window'
  | 'insecure_context'
  | 'unsupported_flow'
  | 'request_refused'
  | 'keychain_unavailable'
  | 'browser_unavailable'
  // metadata (RFC 8414)
  | 'metadata_issuer_mismatch'
  | 'metadata_invalid'
  | 'endpoint_missing'
  | 'insecure_endpoint'
  // authorization response
  | 'state_mismatch'
  | 'transaction_expired'
  | 'issuer_mismatch'
  | 'issuer_missing'
  | 'redirect_uri_mismatch'
  | 'authorization_error'
  | 'interaction_required'
  | 'popup_blocked'
  | 'cancelled'
  | 'code_exchange_indeterminate'
  | 'invalid_pushed_authorization_response'
  | 'step_up_unsatisfied'
  /** Three sign-ins failed within 30 s, so the next one did not begin. `error` is the server's answer to the last one. */
  | 'sign_in_loop'
  // token answers
  | 'invalid_token_response'
  | 'unsupported_token_type'
  | 'id_token_missing'
  | 'id_token_invalid'
  | 'id_token_iss'
  | 'id_token_aud'
  | 'id_token_azp'
  | 'id_token_exp'
  | 'id_token_iat'
  | 'id_token_sub'
  | 'id_token_nonce'
  | 'id_token_auth_time'
  | 'id_token_at_hash'
  | 'invalid_grant'
  | 'invalid_client'
  | 'invalid_scope'
  | 'invalid_target'
  | 'server_refused'
  // DPoP (RFC 9449)
  | 'dpop_unsupported'
  | 'dpop_not_bound'
  | 'dpop_unsupported_by_resource'
  // passing faults
  | 'network_unavailable'
  /** The secret or the key of the client could not be had, or the key cannot sign. Nothing was sent. */
  | 'client_authentication_failed'
  | 'timeout'
  | 'server_unavailable'
  | 'unexpected_redirect'
  | 'throttled'
  | 'coordination_timeout'
  // storage
  | 'store_failed'
  /** The device was not unlocked since it started, so nothing can be read yet. Nothing is lost. */
  | 'storage_locked'
  // resource requests
  | 'target_not_listed'
  | 'insecure_target'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'retry_impossible'
  | 'redirected'
  | 'token_rejected_by_resource'

/** What a {@link TokenManagerError} has besides code, reason and message. */
export interface TokenManagerErrorDetails {
  /** HTTP status of the answer that caused it. */
  status?: number | undefined
  /** The server's own `error` code (RFC 6749 §5.2): printable ASCII, at most 64 characters. Anything else is left out. */
  error?: string | undefined
  /** When to try again at the earliest, epoch milliseconds. */
  retryAt?: number | undefined
  /** `acr_values` an API asks for (RFC 9470 §3). */
  acrValues?: readonly string[] | undefined
  /** `max_age` an API asks for, milliseconds (RFC 9470 §3). */
  maxAge?: number | undefined
  /** Scope an API asks for (RFC 6750 §3.1). */
  scope?: string | undefined
  /**
   * The error that caused this one. Only its name is kept, and a `code` about connections, certificates or files (`ENOTFOUND`,
   * `DEPTH_ZERO_SELF_SIGNED_CERT`), because messages of other libraries can contain tokens.
   */
  cause?: unknown
}

/** Node's codes for faults of a connection, a certificate or a file. Any other word could be a secret. */
const DIAGNOSIS = /^(E[A-Z_]{3,20}|[A-Z_]*(ERR|CERT|UNABLE)[A-Z_]*)$/

/**
 * The error of this library. Use `code` (what to do) and `reason` (what happened) in your code.
 * It never contains a token, a header, a request, a form body or a URL's query.
 */
export class TokenManagerError extends Error {
  /** The class's own name. */
  override readonly name = 'TokenManagerError'
  /** What to do. */
  declare readonly code: TokenManagerErrorCode
  /** What happened. */
  declare readonly reason: TokenManagerErrorReason
  /** HTTP status of the answer that caused it. */
  declare readonly status?: number
  /** The server's own `error` code. */
  declare readonly error?: string
  /** When to try again at the earliest, epoch milliseconds. */
  declare readonly retryAt?: number
  /** The `acr_values` that an API asks for (RFC 9470 §3). */
  declare readonly acrValues?: readonly string[]
  /** The `max_age` that an API asks for, milliseconds (RFC 9470 §3). */
  declare readonly maxAge?: number
  /** The scope that an API asks for (RFC 6750 §3.1). */
  declare readonly scope?: string

  /**
   * @param sentence what happened and what to do about it, without secrets. Default: the reason. The message also says where the reason is
   *   explained. Builds for production leave out every argument for a parameter of this name
   */
  constructor(
    code: TokenManagerErrorCode,
    reason: TokenManagerErrorReason,
    sentence?: string,
    { cause, error, ...details }: TokenManagerErrorDetails = {},
  ) {
    const diagnosis = diagnosisOf(cause)
    const found = diagnosis && ` (${diagnosis})`
    // A browser's console shows only the message. So the message has the reason, and the place where it is explained.
    super(
      `${withoutControls(sentence || reason)}${found}: see tokenward/docs/troubleshooting.md#${reason}`,
      cause === undefined ? undefined : { cause: withoutSecrets(cause) },
    )
    Object.assign(this, { code, reason, ...details })
    if (error !== undefined && /^[\x21-\x7e]{1,64}$/.test(error)) Object.assign(this, { error })
  }
}

/**
 * An `ERR_INVALID_OPTION` that names the option and what it has to be.
 * @param sentence the end of "Option … has to be …"
 */
export function invalidOption(
  option: string,
  sentence = 'as documented',
  reason: TokenManagerErrorReason = 'invalid_option',
): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', reason, `Option ${option} has to be ${sentence}`)
}

/**
 * Whether the same call can succeed later, although no person does anything.
 * @param error anything that was thrown
 */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof TokenManagerError &&
    (error.code === 'ERR_TEMPORARILY_UNAVAILABLE' || error.code === 'ERR_STORE_FAILED')
  )
}

/** Why `signal` was aborted: its own reason, or an `AbortError` if it has none. Signals of React Native have none. */
export function abortReason({ reason }: AbortSignal): unknown {
  return reason ?? Object.assign(new Error('The call was aborted'), { name: 'AbortError' })
}

/** `text` for a terminal or a log. Control characters, and characters that change the order of letters, become `?`. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the ones to replace
  return text.replace(/[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, '?')
}

function withoutSecrets(cause: unknown): unknown {
  if (cause instanceof TokenManagerError) return cause
  const { name } = (cause ?? {}) as Foreign
  const diagnosis = diagnosisOf(cause)
  const safe = { name: typeof name === 'string' ? name.slice(0, 64) : 'Error', stack: '' }
  return Object.assign(new Error(), safe, diagnosis && { code: diagnosis })
}

interface Foreign {
  readonly name?: unknown
  readonly code?: unknown
  readonly cause?: unknown
}

/** The code of `cause`, or of its own cause, if it is a diagnosis. An error of this library has none: its message says it already. */
function diagnosisOf(cause: unknown): string {
  if (cause instanceof TokenManagerError) return ''
  const { code, cause: below } = (cause ?? {}) as Foreign
  const { code: deeper } = (below ?? {}) as Foreign
  const isDiagnosis = (one: unknown): one is string => typeof one === 'string' && DIAGNOSIS.test(one)
  return [code, deeper].find(isDiagnosis) ?? ''
}

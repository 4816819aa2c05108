import type { EpochMs } from '../ports.ts'

/** What a token or a refusal is. */
export type ExplainedKind =
  | 'access_token'
  | 'id_token'
  | 'logout_token'
  | 'dpop_proof'
  /** A JWT that does not say what it is for. */
  | 'jwt'
  /** A token that only its server can read: an access token or a refresh token. */
  | 'opaque'
  /** A refused request. */
  | 'refusal'
  /** A response that refuses nothing. */
  | 'response'

/** What is wrong, as far as that can be seen without verifying the signature. */
export type ExplainedProblem =
  | 'none'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'not_an_access_token'
  | 'unsigned'
  | 'revoked'
  | 'session_ended'
  | 'token_missing'
  | 'token_refused'
  | 'request_malformed'
  | 'scope_missing'
  | 'step_up_required'
  | 'proof_refused'
  | 'nonce_required'
  | 'server_unavailable'

/** What to do about it. */
export type ExplainedAction =
  | 'none'
  | 'refresh'
  | 'wait'
  | 'sign_in'
  | 'step_up'
  | 'ask_for_scope'
  | 'send_token'
  | 'send_proof'
  | 'retry_with_nonce'
  | 'fix_clock'
  | 'fix_audience'
  | 'fix_issuer'
  | 'fix_request'
  | 'try_later'

/** An explanation of a token or of an answer. Nothing in it can be used as a token. */
export interface TokenExplanation {
  /** What kind of token or answer it is. */
  readonly kind: ExplainedKind
  /** What is wrong. `'none'` proves nothing, because the signature was not verified. */
  readonly problem: ExplainedProblem
  /** What to do about it. */
  readonly action: ExplainedAction
  /** The same in one or two English sentences, for developers. */
  readonly text: string
  /** The issuer that the token names. */
  readonly issuer?: string
  /** The audiences that the token names. */
  readonly audience?: readonly string[]
  /** When the token expires, as it says itself, in epoch milliseconds. */
  readonly expiresAt?: EpochMs
  /** The scope that an API asks for: names with a space between them. */
  readonly scope?: string
}

/** Options of `explainToken()`: what is known besides the token. */
export interface ExplainTokenOptions {
  /** The identifier of the API that the token was sent to. Default: the audience is not checked. */
  readonly audience?: string
  /** The issuer that the token should be from. Default: the issuer is not checked. */
  readonly issuer?: string
  /** The present time, in epoch milliseconds. Default: the token's times are not checked. */
  readonly now?: EpochMs
}

/** An answer of an API: a `Response`, or any object with these members. */
export interface ExplainedResponse {
  /** The HTTP status. */
  readonly status: number
  /** The header fields. */
  readonly headers: {
    /** The value of a field. `null` if there is none. */
    get(name: string): string | null
  }
}

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

/** What is wrong, as far as can be seen without its keys. */
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

/** An explanation. It holds nothing that could be used as a token. */
export interface TokenExplanation {
  /** What it is. */
  readonly kind: ExplainedKind
  /** What is wrong with it. `'none'` proves nothing: no signature was looked at. */
  readonly problem: ExplainedProblem
  /** What to do. */
  readonly action: ExplainedAction
  /** The same in a sentence or two, for people who develop. */
  readonly text: string
  /** Who issued the token, as it says. */
  readonly issuer?: string
  /** Whom it is for, as it says. */
  readonly audience?: readonly string[]
  /** Until when, as it says. Epoch milliseconds. */
  readonly expiresAt?: EpochMs
  /** What an API asks for: scope values, space-separated. */
  readonly scope?: string
}

/** What is known beside the token. */
export interface ExplainTokenOptions {
  /** The identifier of the API it was sent to; without it the audience is not judged. */
  readonly audience?: string
  /** Who should have issued it; without it the issuer is not judged. */
  readonly issuer?: string
  /** The time, epoch milliseconds. Default: the `Date` of the response, else nothing about time is judged. */
  readonly now?: EpochMs
}

/** An answer of an API, or anything of that shape. */
export interface ExplainedResponse {
  /** The HTTP status. */
  readonly status: number
  /** Its fields. */
  readonly headers: {
    /** The value of a field; `null`: there is none. */
    get(name: string): string | null
  }
}

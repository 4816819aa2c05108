import type { EpochMs } from '../ports.ts'

/** A token request as the `ScriptedAuthorizationServer` saw it. */
export interface SeenTokenRequest {
  /** `grant_type`; empty if there was none. */
  readonly grantType: string
  /** `refresh_token`, if there was one. */
  readonly refreshToken?: string
  /** The whole form. */
  readonly params: URLSearchParams
  /** Its DPoP proof, if it had one. */
  readonly proof?: string
  /** What it was answered, before anything happened to the answer. */
  outcome: 'issued' | 'invalid_grant' | 'scripted'
}

/** A revocation request as the `ScriptedAuthorizationServer` saw it. */
export interface SeenRevocation {
  /** The token. */
  readonly token: string
  /** `token_type_hint`. */
  readonly hint: string | null
}

/** An API request as the `ScriptedAuthorizationServer` saw it. */
export interface SeenApiCall {
  /** Where it went. */
  readonly url: string
  /** Its `Authorization` header. */
  readonly authorization: string | null
  /** Its `DPoP` header. */
  readonly proof: string | null
  /** When it came, on the server's clock. */
  readonly at: EpochMs
}

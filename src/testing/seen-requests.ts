import type { EpochMs } from '../ports.ts'

/** A token request that the `ScriptedAuthorizationServer` received. */
export interface SeenTokenRequest {
  /** The parameter `grant_type`. Empty if the request had none. */
  readonly grantType: string
  /** The parameter `refresh_token`. Absent if the request had none. */
  readonly refreshToken?: string
  /** All parameters of the request's form. */
  readonly params: URLSearchParams
  /** The header `DPoP`. Absent if the request had none. */
  readonly proof?: string
  /**
   * What the server decided: `issued` (new tokens), `invalid_grant` (it refused the refresh token), or `scripted` (`before` gave the
   * answer, or the server asked for a DPoP nonce). A script called `after` may still have replaced the answer.
   */
  outcome: 'issued' | 'invalid_grant' | 'scripted'
}

/** A revocation request that the `ScriptedAuthorizationServer` received (RFC 7009 §2.1). */
export interface SeenRevocation {
  /** The token to revoke. Empty if the request had none. */
  readonly token: string
  /** The parameter `token_type_hint`. `null` if the request had none. */
  readonly hint: string | null
}

/** An API request that the `ScriptedAuthorizationServer` received. */
export interface SeenApiCall {
  /** The whole URL of the request. */
  readonly url: string
  /** The header `Authorization`. `null` if the request had none. */
  readonly authorization: string | null
  /** The header `DPoP`. `null` if the request had none. */
  readonly proof: string | null
  /** When the request came in, in epoch milliseconds of the server's clock (`now` of `scriptedAuthorizationServer`). */
  readonly at: EpochMs
}

/**
 * An authorization server's metadata (RFC 8414 §2, OpenID Connect Discovery §3): the members that are read here, and any other. An
 * endpoint is an https URL; an optional one that is not counts as absent.
 */
export interface AuthorizationServerMetadata {
  /** The issuer identifier: option `issuer`, code point by code point. */
  readonly issuer: string
  /** Where a person signs in (RFC 6749 §3.1). Needed for `signIn()` by a redirect or a popup. */
  readonly authorization_endpoint?: string | undefined
  /** Where tokens are asked for (RFC 6749 §3.2). */
  readonly token_endpoint?: string | undefined
  /** Where tokens are revoked (RFC 7009 §2). Absent: `signOut()` reports `unsupported`. */
  readonly revocation_endpoint?: string | undefined
  /** Where the person's session at the server ends (OpenID Connect RP-Initiated Logout §2.1). */
  readonly end_session_endpoint?: string | undefined
  /** Where authorization requests are handed in (RFC 9126 §5). */
  readonly pushed_authorization_request_endpoint?: string | undefined
  /** Where a device asks for its codes (RFC 8628 §4). */
  readonly device_authorization_endpoint?: string | undefined
  /** Whether every authorization request has to be handed in first (RFC 9126 §5). */
  readonly require_pushed_authorization_requests?: boolean | undefined
  /** Whether every authorization response holds `iss`: then one without it is refused (RFC 9207 §3). */
  readonly authorization_response_iss_parameter_supported?: boolean | undefined
  /** JWS algorithms for DPoP proofs (RFC 9449 §5.1). Absent: the server has no DPoP. */
  readonly dpop_signing_alg_values_supported?: readonly string[] | undefined
  /** Endpoints for clients that show a certificate, used with `mutualTls()` (RFC 8705 §5). */
  readonly mtls_endpoint_aliases?: Readonly<Record<string, unknown>> | undefined
  /** Any other member; none of them is read. */
  readonly [member: string]: unknown
}

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

/** Members of the metadata that replace those the server has; `null`: as if it had not that member. */
export type MetadataOverrides = {
  readonly [Member in keyof AuthorizationServerMetadata]?: AuthorizationServerMetadata[Member] | null
}

/** Where metadata comes from, and what is changed in it. */
export interface MetadataSourceOptions {
  /**
   * Where it is: an https URL without fragment, which is asked instead of the usual places. The `issuer` it says has to be option `issuer`
   * all the same. Not beside `metadata`. Default: `{issuer}/.well-known/openid-configuration`, then RFC 8414's place.
   */
  readonly url?: string
  /** The metadata itself: nothing is asked for. Its `issuer` has to be option `issuer`. Default: it is asked for. */
  readonly metadata?: AuthorizationServerMetadata
  /**
   * Members that replace those of the metadata, for what a server leaves out or says wrongly; `null` removes one, as `revocation_endpoint:
   * null` where that endpoint refuses a page's requests. Endpoints have to be https URLs. All but `issuer`. Default: none.
   */
  readonly overrides?: MetadataOverrides
}

/** Metadata that is not simply found below the issuer: what `metadataFrom()` makes. */
export interface MetadataSource {
  /** What it was made with. */
  readonly options: MetadataSourceOptions
  /**
   * For the manager.
   * @param checkUrl throws unless the value of an option is an https URL
   * @throws TokenManagerError `ERR_INVALID_OPTION`
   */
  start(issuer: string, checkUrl: (option: string, url: unknown) => void): StartedMetadata
}

/** Whether `metadata` comes from `metadataFrom()`. */
export function isMetadataSource(
  metadata: AuthorizationServerMetadata | MetadataSource | undefined,
): metadata is MetadataSource {
  return typeof metadata?.start === 'function'
}

/** The metadata of one issuer. */
export interface StartedMetadata {
  /**
   * Gets the metadata and checks it.
   * @param find looks for it at `url`, or at the usual places; rejects with a `TokenManagerError` where there is none
   */
  load(find: (url?: string) => Promise<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  /** Whether an authorization response or, with its `claims`, an ID token that says `iss` is from the issuer. */
  isIssuer(iss: unknown, claims?: Readonly<Record<string, unknown>>): boolean
}

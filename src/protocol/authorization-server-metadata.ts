/**
 * The metadata of an authorization server (RFC 8414 §2, OpenID Connect Discovery §3). The members below are the ones that this library
 * reads. An endpoint has to be an https URL. The token endpoint and the authorization endpoint cause an error otherwise; any other endpoint
 * counts as absent.
 */
export interface AuthorizationServerMetadata {
  /** The issuer identifier. It has to be identical to the option `issuer`. */
  readonly issuer: string
  /** Where a person signs in (RFC 6749 §3.1). `signIn()` with a redirect or a popup needs it. */
  readonly authorization_endpoint?: string | undefined
  /** Where tokens are requested (RFC 6749 §3.2). */
  readonly token_endpoint?: string | undefined
  /** Where tokens are revoked (RFC 7009 §2). If it is absent, `signOut()` reports `unsupported`. */
  readonly revocation_endpoint?: string | undefined
  /** Where the person's session at the server is ended (OpenID Connect RP-Initiated Logout §2.1). */
  readonly end_session_endpoint?: string | undefined
  /** Where authorization requests are sent before the person signs in (RFC 9126 §5). */
  readonly pushed_authorization_request_endpoint?: string | undefined
  /** Where a device gets its codes (RFC 8628 §4). */
  readonly device_authorization_endpoint?: string | undefined
  /** Whether the server accepts only authorization requests that were pushed to it before (RFC 9126 §5). Default false. */
  readonly require_pushed_authorization_requests?: boolean | undefined
  /** Whether every authorization response has the parameter `iss` (RFC 9207 §3). If true, a response without it is refused. Default false. */
  readonly authorization_response_iss_parameter_supported?: boolean | undefined
  /** The JWS algorithms that the server accepts for DPoP proofs (RFC 9449 §5.1). If it is absent, the server has no DPoP. */
  readonly dpop_signing_alg_values_supported?: readonly string[] | undefined
  /** Endpoints for clients that authenticate with a certificate (RFC 8705 §5). Used with `mutualTls()`. */
  readonly mtls_endpoint_aliases?: Readonly<Record<string, unknown>> | undefined
  /** Any other member. None of them is read. */
  readonly [member: string]: unknown
}

/** Members that replace those of the server's metadata. `null` removes a member. */
export type MetadataOverrides = {
  readonly [Member in keyof AuthorizationServerMetadata]?: AuthorizationServerMetadata[Member] | null
}

/** Options of `metadataFrom()`: where the metadata comes from, and what is changed in it. */
export interface MetadataSourceOptions {
  /**
   * The URL of the metadata: https, without fragment. The `issuer` in the metadata still has to be identical to the option `issuer`. Cannot
   * be given together with `metadata`. Default: `{issuer}/.well-known/openid-configuration`, and if no
   * metadata is there, `/.well-known/oauth-authorization-server` as RFC 8414 §3.1 places it.
   */
  readonly url?: string
  /** The metadata itself. Then no request is sent for it. Its `issuer` has to be identical to the option `issuer`. Default: it is fetched. */
  readonly metadata?: AuthorizationServerMetadata
  /**
   * Members that the server leaves out or states wrongly. They replace those of the metadata, and `null` removes one: `revocation_endpoint:
   * null` is for a server whose endpoint refuses requests from pages. Endpoints have to be https URLs. `issuer` cannot be replaced. Default:
   * none.
   */
  readonly overrides?: MetadataOverrides
}

/** What `metadataFrom()` makes: the value of the option `metadata` for a server whose metadata is not at the usual place, or not right. */
export interface MetadataSource {
  /** The options of `metadataFrom()`. */
  readonly options: MetadataSourceOptions
  /**
   * Called by the manager.
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
   * @param find fetches it from `url`, or from the usual places. Rejects with a `TokenManagerError` if there is none
   */
  load(find: (url?: string) => Promise<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  /** Whether `iss` names this issuer. `iss` is from an authorization response, or from an ID token, whose `claims` are then given too. */
  isIssuer(iss: unknown, claims?: Readonly<Record<string, unknown>>): boolean
}

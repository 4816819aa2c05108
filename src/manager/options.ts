import { invalidOption } from '../errors.ts'
import type { Channel, Clock, Crypto, Fetch, Lifecycle, Lock, Store, UserAgent } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import { allowMissingNonce } from '../protocol/allow-missing-nonce.ts'
import type { AuthorizationServerMetadata, MetadataSource } from '../protocol/authorization-server-metadata.ts'
import type { EndSessionParams } from '../protocol/end-session.ts'
import type { PushedAuthorizationRequests } from '../protocol/pushed-authorization.ts'
import type { ResourceOption } from '../requests/resource-matcher.ts'
import type { Dpop } from './dpop.ts'
import type { SessionLimits } from './session-limits.ts'

export { allowInsecureLoopback, allowMissingNonce }

/** When tokens are refreshed. Milliseconds. */
export interface RefreshOptions {
  /**
   * How long before its expiry an access token is refreshed, ms; never more than 20 % of its lifetime. Default 60 000; 0, or 1 000 to
   * 3 600 000. With a longer time fewer calls wait, and there are more refreshes.
   */
  readonly leeway?: number
  /** Which share of the leeway may differ from tab to tab, so that they do not all refresh at once. Default 0.5, 0 to 1. */
  readonly jitter?: number
  /**
   * Time-based rotation: refreshes this long after the last refresh, even if nothing expires, ms. Default: none; at least 1 000.
   * For event-based rotation call `refresh()`. Both work together.
   */
  readonly interval?: number
}

/** Options of `createTokenManager`. They are checked at construction. A page's build for production only checks those that protect somebody. */
export interface TokenManagerOptions {
  /**
   * The authorization server's issuer identifier, an https URL, exactly as in its metadata. For a server with many tenants (Microsoft
   * Entra ID) it is a template with `{tenantid}` as one part of the path; `metadataFrom()` then reads the metadata.
   */
  readonly issuer: string
  /**
   * The server's metadata (RFC 8414 §2); its `issuer` has to be the option `issuer`. Or `metadataFrom()`, to load it from another URL or to
   * replace parts of it. Default: it is loaded from `{issuer}/.well-known/openid-configuration`, then from the address of RFC 8414.
   */
  readonly metadata?: AuthorizationServerMetadata | MetadataSource
  /** The client identifier. This is a public client: there is no secret. */
  readonly clientId: string
  /**
   * Where the person comes back to after the sign-in, exactly as registered: an absolute URL without fragment, or in a page a path on its
   * own origin (`/callback`). `signIn()` needs it.
   */
  readonly redirectUri?: string
  /** Where the person goes after signing out at the server. It is written like `redirectUri`. Default: the server decides. */
  readonly postLogoutRedirectUri?: string
  /**
   * Changes the parameters of the request that ends the session at the server. It gets those of RP-Initiated Logout, and returns the ones
   * to send: more of them (`(own) => ({ ...own, ui_locales: 'de' })`), or those of another kind of logout
   * (`({ client_id, post_logout_redirect_uri }) => ({ client_id, logout_uri: post_logout_redirect_uri })`). If it throws, there is no
   * `endSessionUrl`. Default: those of RP-Initiated Logout.
   */
  readonly endSessionParams?: EndSessionParams
  /**
   * Scope to ask for, space-separated: `openid` for an ID token, often `offline_access` for a refresh token. Only the scopes of `resources`
   * are added to it. Default ''.
   */
  readonly scope?: string
  /** The only URLs that get a token. An entry covers its path and everything below it. Default: none. */
  readonly resources?: readonly ResourceOption[]
  /**
   * The parameters that this server knows to say which API a token is for: `'resource'` (RFC 8707), `'audience'`. A parameter that is not
   * listed is refused in `resources` and `getAccessToken()`, because the server would ignore it or answer with an error. Default: both.
   */
  readonly resourceParameters?: readonly ('resource' | 'audience')[]
  /** What `fetch` does with other URLs. `'throw'` (default): `ERR_TARGET_NOT_ALLOWED`. `'bare'`: sends the request without a token. */
  readonly unlisted?: 'throw' | 'bare'
  /** What `fetch` does when nobody is signed in. `'throw'` (default): `ERR_SIGNED_OUT`. `'bare'`: sends the request without a token. */
  readonly whenSignedOut?: 'throw' | 'bare'
  /** When tokens are refreshed. */
  readonly refresh?: RefreshOptions
  /**
   * What `expires_in: 0` means if there is no refresh token. `'unknown'` (default): the lifetime is unknown, and the token is used for as
   * long as the session lasts; some servers say this of tokens that never expire. `'expired'`: the token has expired (RFC 6749 §5.1).
   */
  readonly expiresInZero?: 'unknown' | 'expired'
  /** `dpop()`: binds tokens to a key that stays here (RFC 9449). Default: Bearer tokens, even if the server offers DPoP. */
  readonly dpop?: Dpop
  /** `sessionLimits({ idleTimeout, maxAge })`: ends the session after a time without use, or after sign-in. Default: only the server ends it. */
  readonly limits?: SessionLimits
  /** How long to wait for an answer of the authorization server, ms. Default 10 000, 1 000 to 60 000. */
  readonly requestTimeout?: number
  /**
   * How old the last look at the stored session may be when a token is used, ms. Default 5 000, 0 to 60 000. If no message of a sign-out
   * elsewhere arrives, a token can still be used for that long.
   */
  readonly confirmInterval?: number
  /** The name of one of several sessions of the same client. Default ''. */
  readonly account?: string
  /**
   * More parameters for every authorization request. Those that this library sets or checks itself (`state`, `max_age` …) are refused.
   * Options of `signIn()` replace them. Default none.
   */
  readonly authorizationParams?: Readonly<Record<string, string>>
  /**
   * `pushedAuthorizationRequests()`: sends every authorization request to the server first, and the browser only carries a reference to it
   * (RFC 9126). Default: off. If the server's metadata requires it, `signIn()` then throws `ERR_INVALID_OPTION`.
   */
  readonly pushedAuthorizationRequests?: PushedAuthorizationRequests
  /**
   * Whether a new sign-in of the same person revokes the tokens of the session that it replaces. Default false: they are only forgotten
   * here, because at many servers the revocation would also end the new session. Set it to true if your server revokes each grant
   * separately. Another person's tokens are always revoked.
   */
  readonly revokeReplaced?: boolean
  /** Allows http on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
  /** Accepts an ID token without `nonce`. */
  readonly [allowMissingNonce]?: boolean
  /** Replaces the platform's way to the authorization server and back. */
  readonly userAgent?: UserAgent
  /**
   * Replaces the platform's storage. In a page's build for production it has to return exactly what was written, because only sealed values
   * can be checked there.
   */
  readonly store?: Store<unknown>
  /** Replaces the platform's `fetch`, for tokens and resources alike. */
  readonly fetch?: Fetch
  /** Replaces the platform's lock. */
  readonly lock?: Lock
  /** Replaces the platform's channel. */
  readonly channel?: Channel
  /** Replaces the platform's lifecycle. */
  readonly lifecycle?: Lifecycle
  /** Replaces the platform's clock. */
  readonly clock?: Clock
  /** Replaces the platform's cryptography. */
  readonly crypto?: Crypto
}

/** The parameters that tell a server what a token is for. */
export const TARGETS = ['resource', 'audience'] as const

// Parameters that have their own option or check, or that would change the flow (RFC 6749 §4.1.1, RFC 9101, RFC 9449 §10).
const RESERVED = /^(re(sponse|quest|direct)|code_|(client_id|scope|state|nonce|max_age|acr_values|dpop_jkt)$)/

/**
 * Checks the options that are needed, and those that protect somebody. Both builds do so, because a value may come from settings that only
 * exist in production.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function checkProtection(options: TokenManagerOptions): void {
  const given: Partial<TokenManagerOptions> = Object(options)
  for (const name of ['issuer', 'clientId'] as const) if (!given[name]) throw invalidOption(name, 'given')
  // If it were not a number, a sign-out elsewhere would never be noticed.
  if (!Number.isFinite(given.confirmInterval ?? 0)) throw invalidOption('confirmInterval')
  for (const name of Object.keys(given.authorizationParams ?? {}))
    if (RESERVED.test(name)) throw invalidOption(`authorizationParams.${name}`, 'left out: it is set or checked here')
}

/**
 * Checks the target of a token: what it is asked for.
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a parameter that the server does not take
 */
export function checkTarget(
  { resourceParameters = TARGETS }: Pick<TokenManagerOptions, 'resourceParameters'>,
  target: Target,
  prefix = '',
): void {
  for (const name of TARGETS)
    if (target[name] !== undefined && !resourceParameters.includes(name))
      throw invalidOption(prefix + name, 'left out: it is not among resourceParameters')
}

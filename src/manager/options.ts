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
   * How long before its expiry an access token is refreshed ahead; never more than 20 % of its lifetime. Default 60 000; 0, or 1 000 to
   * 3 600 000. Longer: fewer callers ever wait; more refreshes.
   */
  readonly leeway?: number
  /** By how much that moment varies from tab to tab, as a share of the leeway. Default 0.5, 0 to 1. */
  readonly jitter?: number
  /**
   * Time-based rotation: refresh this long after the last refresh, even if nothing expires. Default: none; at least 1 000.
   * Together with `refresh()` (event-based rotation) it is a hybrid.
   */
  readonly interval?: number
}

/** Options of `createTokenManager`. They are checked at construction; in the build for production, what protects alone. */
export interface TokenManagerOptions {
  /**
   * The authorization server's issuer identifier, exactly as its metadata spells it: an https URL. Where one server speaks for many tenants
   * (Microsoft Entra ID) it is a template, with `{tenantid}` as one part of the path, which `metadataFrom()` reads.
   */
  readonly issuer: string
  /**
   * The server's metadata (RFC 8414 §2), whose `issuer` has to be `issuer`; or `metadataFrom()`, where it lies somewhere else or single members
   * are to be replaced. Default: it is asked for at `{issuer}/.well-known/openid-configuration`, then at RFC 8414's place.
   */
  readonly metadata?: AuthorizationServerMetadata | MetadataSource
  /** The client identifier. This is a public client: there is no secret. */
  readonly clientId: string
  /**
   * Where the person comes back to after sign-in, exactly as registered: an absolute URL without fragment, or in a page a path on its own
   * origin (`/callback`). Needed by `signIn()`.
   */
  readonly redirectUri?: string
  /** Where the person goes after the end of the session at the server, exactly as registered, as `redirectUri`. Default: the server decides. */
  readonly postLogoutRedirectUri?: string
  /**
   * Makes the parameters of the request that ends the session at the server, from those of RP-Initiated Logout: for a server that wants
   * further ones (`(own) => ({ ...own, ui_locales: 'de' })`) or has another logout of its own (`({ client_id, post_logout_redirect_uri })
   * => ({ client_id, logout_uri: post_logout_redirect_uri })`). Where it throws, there is no `endSessionUrl`. Default: those of
   * RP-Initiated Logout.
   */
  readonly endSessionParams?: EndSessionParams
  /**
   * Scope to ask for, space-separated. Nothing is added to it but the scopes of `resources`: `openid` for an ID token, often
   * `offline_access` for refreshing. Default ''.
   */
  readonly scope?: string
  /** The only places a token is ever sent to. Default: none. */
  readonly resources?: readonly ResourceOption[]
  /**
   * The parameters by which this server is told which API a token is for: `'resource'` (RFC 8707), `'audience'`. Those that are not listed are
   * refused in `resources` and in `getAccessToken()`, rather than sent to a server that ignores them or answers with an error. Default: both.
   */
  readonly resourceParameters?: readonly ('resource' | 'audience')[]
  /** What `fetch` does with other URLs. `'throw'` (default): `ERR_TARGET_NOT_ALLOWED`. `'bare'`: sends the request without a token. */
  readonly unlisted?: 'throw' | 'bare'
  /** What `fetch` does when nobody is signed in. `'throw'` (default): `ERR_SIGNED_OUT`. `'bare'`: sends the request without a token. */
  readonly whenSignedOut?: 'throw' | 'bare'
  /** When tokens are refreshed. */
  readonly refresh?: RefreshOptions
  /**
   * What `expires_in: 0` means in an answer of a grant that has no refresh token. `'unknown'` (default): its lifetime is not known, and the
   * token is used until an API refuses it; servers whose tokens never expire say it so. `'expired'`: it has expired (RFC 6749 §5.1).
   */
  readonly expiresInZero?: 'unknown' | 'expired'
  /** `dpop()`: binds tokens to a key that stays here (RFC 9449). Default: they are Bearer tokens, whatever the server offers. */
  readonly dpop?: Dpop
  /** `sessionLimits({ idleTimeout, maxAge })`: ends the session after a time without use, or after sign-in. Default: only the server ends it. */
  readonly limits?: SessionLimits
  /** Limit for a request to the authorization server, ms. Default 10 000, 1 000 to 60 000. A lease lives 3 s longer. */
  readonly requestTimeout?: number
  /**
   * How old the last look at the stored session may be when a token is used, ms. Default 5 000, 0 to 60 000. It is the longest
   * a token can be used after a sign-out elsewhere of which no message arrived.
   */
  readonly confirmInterval?: number
  /** Names one of several sessions of the same client. Default ''. */
  readonly account?: string
  /**
   * Further parameters of every authorization request. What this library sets or checks itself (`state`, `max_age` …) is refused; what
   * `signIn()` is told has precedence. Default none.
   */
  readonly authorizationParams?: Readonly<Record<string, string>>
  /**
   * `pushedAuthorizationRequests()`: every authorization request is handed to the server first, and what the person's browser carries there
   * only points at it (RFC 9126). Default: none is; where the server's metadata requires it, `signIn()` throws `ERR_INVALID_OPTION`.
   */
  readonly pushedAuthorizationRequests?: PushedAuthorizationRequests
  /**
   * Whether a sign-in over a living session of the same person revokes the tokens it replaces. Default false: they are forgotten here and
   * expire at the server, for at many servers revoking one of them ends what else the person gave this client, the new session too.
   * Another person's tokens are revoked in any case. Set it to true where the server revokes each grant by itself.
   */
  readonly revokeReplaced?: boolean
  /** Allows http on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
  /** Accepts an ID token without `nonce`. */
  readonly [allowMissingNonce]?: boolean
  /** Replaces the platform's way to the authorization server and back. */
  readonly userAgent?: UserAgent
  /** Replaces the platform's storage. */
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

/** The parameters by which a server may be told what a token is for. */
export const TARGETS = ['resource', 'audience'] as const

// Those with options or checks of their own, and those that would change the flow (RFC 6749 §4.1.1, RFC 9101, RFC 9449 §10).
const RESERVED = /^(re(sponse|quest|direct)|code_|(client_id|scope|state|nonce|max_age|acr_values|dpop_jkt)$)/

/**
 * Checks what is needed, and what protects. A value of these may come from settings that a program has in production alone.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function checkProtection(options: TokenManagerOptions): void {
  const given: Partial<TokenManagerOptions> = Object(options)
  for (const name of ['issuer', 'clientId'] as const) if (!given[name]) throw invalidOption(name, 'given')
  // Were it no number, a sign-out elsewhere would not be heard.
  if (!Number.isFinite(given.confirmInterval ?? 0)) throw invalidOption('confirmInterval')
  for (const name of Object.keys(given.authorizationParams ?? {}))
    if (RESERVED.test(name)) throw invalidOption(`authorizationParams.${name}`, 'left out: it is set or checked here')
}

/**
 * Checks what a token is wanted for.
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

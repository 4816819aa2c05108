import {
  TokenManagerError,
  type TokenManagerErrorCode,
  type TokenManagerErrorDetails,
  type TokenManagerErrorReason,
} from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { base64url } from './base64url.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { TokenAnswer } from './token-set.ts'
import { withQuery } from './with-query.ts'

/** What to ask the person and the server for. */
export interface AuthorizationRequestOptions {
  /** Where the person comes back to, exactly as registered. */
  redirectUri: string
  /** Space-separated; nothing is added. With `openid` the answer must hold an ID token. */
  scope: string
  /** Begins `state`, so that a page recognises its own answers. Characters of base64url, `.` or `~`. */
  statePrefix: string
  /** OpenID Connect Core §3.1.2.1, as `login` or `none`. */
  prompt?: string
  /** The account the person probably wants. */
  loginHint?: string
  /** Milliseconds since the person last authenticated, rounded down to seconds. 0 asks for authentication now. */
  maxAge?: number
  /** One of these has to be the ID token's `acr`. */
  acrValues?: readonly string[]
  /** Preferred languages (BCP 47), best first. */
  uiLocales?: readonly string[]
  /** The `claims` request parameter (OpenID Connect Core §5.5). */
  claims?: Readonly<Record<string, unknown>>
  /** Resource indicators (RFC 8707 §2). */
  resource?: readonly string[]
  /** Further parameters. Those this library sets itself are refused with `ERR_INVALID_OPTION`. */
  extra?: Readonly<Record<string, string>>
}

/** What has to be remembered until the person comes back. */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** Absent when `scope` has no `openid`. */
  readonly nonce?: string
  readonly redirectUri: string
  readonly issuer: string
  readonly scope: string
  readonly maxAge?: number
  readonly acrValues?: readonly string[]
  readonly createdAt: EpochMs
}

const RESERVED = /^(re(sponse|quest|direct)|code_|client_id$|scope$|state$|nonce$|max_age$|acr_values$)/

/**
 * Makes an authorization request: code flow with PKCE S256 only (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1), whatever the
 * metadata says about PKCE. Everything random is 256 bit.
 * @returns the URL for the person and what to remember; the latter is secret, is used once and belongs to this user agent
 * @throws TokenManagerError `ERR_INVALID_OPTION` for an `extra` parameter that is set here; errors of the metadata
 */
export async function authorizationRequest(
  server: AuthorizationServer,
  options: AuthorizationRequestOptions,
): Promise<{ url: string; pending: PendingAuthorization }> {
  const { redirectUri, scope, statePrefix, maxAge, acrValues, claims, extra } = options
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(extra ?? {})) {
    if (RESERVED.test(name))
      throw new TokenManagerError(
        'ERR_INVALID_OPTION',
        name.startsWith('response') ? 'unsupported_flow' : 'invalid_option',
        `authorizationParams: ${name} cannot be given here`,
      )
    params.set(name, value)
  }
  const { url } = await endpoint(server, 'authorization_endpoint')
  const random = () => base64url(server.crypto.randomBytes(32))
  const pending: PendingAuthorization = {
    state: statePrefix + random(),
    codeVerifier: random(),
    ...(scope.split(' ').includes('openid') && { nonce: random() }),
    redirectUri,
    issuer: server.issuer,
    scope,
    ...(maxAge !== undefined && { maxAge }),
    ...(acrValues && { acrValues }),
    createdAt: server.clock.now(),
  }
  const ours = {
    response_type: 'code',
    client_id: server.clientId,
    redirect_uri: redirectUri,
    scope: scope || undefined,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(await server.crypto.sha256(new TextEncoder().encode(pending.codeVerifier))),
    code_challenge_method: 'S256',
    prompt: options.prompt,
    login_hint: options.loginHint,
    max_age: maxAge === undefined ? maxAge : String(Math.floor(maxAge / 1000)),
    acr_values: acrValues?.join(' '),
    ui_locales: options.uiLocales?.join(' '),
    claims: claims && JSON.stringify(claims),
  }
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) params.set(name, value)
  for (const resource of options.resource ?? []) params.append('resource', resource)
  return { url: withQuery(url, params), pending }
}

/**
 * Reads an authorization response (RFC 6749 §4.1.2) against the request it answers. Nothing is believed, an error neither,
 * before it is known to come from the right server (RFC 9207 §2.4) to the right place.
 * @param url the full URL the person came back with
 * @returns its parameters, for {@link authorizationCodeGrant}
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED`, `ERR_AUTHORIZATION_CANCELLED` if the person said no, errors of the
 *   metadata
 */
export async function authorizationResponse(
  server: AuthorizationServer,
  url: string,
  pending: PendingAuthorization,
): Promise<URLSearchParams> {
  const [address = '', fragment = ''] = url.split('#')
  if (/(^|&)(access_token|id_token|code)=/.test(fragment)) throw rejected('unsupported_flow')
  // Browsers write an origin with a slash.
  const base = pending.redirectUri.replace(/^https?:\/\/[^/?#]+$/, '$&/')
  if (!`${address}&`.startsWith(base + (base.includes('?') ? '&' : '?'))) throw rejected('redirect_uri_mismatch')
  const params = new URLSearchParams(address.slice(address.indexOf('?')))
  if (['iss', 'state', 'error', 'code'].some((name) => params.getAll(name).length > 1))
    throw rejected('authorization_error')

  const iss = params.get('iss')
  if (pending.issuer !== server.issuer || (iss ?? server.issuer) !== server.issuer) throw rejected('issuer_mismatch')
  if (params.get('state') !== pending.state) throw rejected('state_mismatch')
  if (iss === null && (await server.metadata()).authorization_response_iss_parameter_supported)
    throw rejected('issuer_missing')

  const error = params.get('error')
  if (error === 'access_denied') throw rejected('cancelled', { error }, 'ERR_AUTHORIZATION_CANCELLED')
  if (error !== null || !params.get('code'))
    throw rejected(
      /^(login|interaction|consent|account_selection)_required$/.test(error ?? '')
        ? 'interaction_required'
        : 'authorization_error',
      { error: error ?? undefined },
    )
  return params
}

/**
 * Redeems a code (RFC 6749 §4.1.3) with one request that is never repeated. An answer that was lost is `transient` with
 * `lost: true` and the reason `code_exchange_indeterminate`: the person has to sign in again.
 * @param params what {@link authorizationResponse} returned
 */
export async function authorizationCodeGrant(
  server: AuthorizationServer,
  params: URLSearchParams,
  pending: PendingAuthorization,
): Promise<TokenAnswer> {
  const answer = await tokenRequest(
    server,
    'authorization_code',
    { code: params.get('code') ?? '', redirect_uri: pending.redirectUri, code_verifier: pending.codeVerifier },
    { scope: pending.scope, pending },
  )
  if (answer.kind !== 'transient' || !answer.lost) return answer
  return {
    ...answer,
    error: rejected('code_exchange_indeterminate', { cause: answer.error, status: answer.error.status }),
  }
}

function rejected(
  reason: TokenManagerErrorReason,
  details?: TokenManagerErrorDetails,
  code: TokenManagerErrorCode = 'ERR_AUTHORIZATION_REJECTED',
): TokenManagerError {
  return new TokenManagerError(code, reason, undefined, details)
}

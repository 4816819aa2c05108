import {
  invalidOption,
  TokenManagerError,
  type TokenManagerErrorDetails,
  type TokenManagerErrorReason,
} from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { base64url } from './base64url.ts'
import type { DpopKey } from './dpop.ts'
import { wordsOf } from './failure.ts'
import {
  firstValue,
  overridden,
  type ParameterList,
  parameters,
  queryParameters,
  resourceParameters,
  withQuery,
} from './parameters.ts'
import type { PushedAuthorizationRequests } from './pushed-authorization.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { TokenAnswer } from './token-set.ts'

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
  /** Single claims to ask for (OpenID Connect Core §5.5). */
  claims?: ClaimsRequest
  /** The resources the grant is for (RFC 8707 §2.1). */
  resources?: readonly string[]
  /** Which of them the code's own access token is for (RFC 8707 §2.2). */
  resource?: string | undefined
  /** What the token request names as its scope. */
  tokenScope?: string | undefined
  /** Hands the request to the server first (RFC 9126). The metadata may require it. */
  push?: PushedAuthorizationRequests['start'] | undefined
  /** Further parameters; what is set by the members above comes first. */
  extra?: Readonly<Record<string, string | undefined>>
}

/** How a single claim is wanted (OpenID Connect Core §5.5.1). */
export interface ClaimRequest {
  /** Whether it is essential to the application. Default false. */
  readonly essential?: boolean
  /** The value wanted. */
  readonly value?: unknown
  /** The values wanted, best first. */
  readonly values?: readonly unknown[]
}

/** Single claims to ask for (OpenID Connect Core §5.5), by name; `null` asks for one in the default manner. */
export interface ClaimsRequest {
  /** For the ID token. */
  readonly id_token?: Readonly<Record<string, ClaimRequest | null>>
  /** For the UserInfo endpoint. */
  readonly userinfo?: Readonly<Record<string, ClaimRequest | null>>
}

/** What has to be remembered until the person comes back. */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** Absent when `scope` has no `openid`. */
  readonly nonce?: string | undefined
  readonly redirectUri: string
  readonly issuer: string
  readonly scope: string
  /** What the token request names (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  /** What the token request names where APIs are told apart by scope; who goes by RFC 6749 ignores it (§3.2). */
  readonly tokenScope?: string | undefined
  readonly maxAge?: number | undefined
  readonly acrValues?: readonly string[] | undefined
  readonly createdAt: EpochMs
  /** The key that the code and the tokens are bound to (RFC 9449 §10); absent: they are bound to none. */
  readonly dpopKey?: DpopKey | undefined
}

/**
 * Makes an authorization request: code flow with PKCE S256 only (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1), whatever the
 * metadata says about PKCE. Everything random is 256 bit.
 * @returns the URL for the person, until when it is good, and what to remember; the latter is secret, is used once and belongs
 *   to this user agent
 * @throws TokenManagerError `ERR_INVALID_OPTION` where the metadata requires what only `push` can do; errors of the metadata and of `push`
 */
export async function authorizationRequest(
  server: AuthorizationServer,
  options: AuthorizationRequestOptions,
): Promise<{ url: string; expiresAt: EpochMs; pending: PendingAuthorization }> {
  const { redirectUri, scope, maxAge, acrValues, claims, resource, tokenScope } = options
  const { url, metadata } = await endpoint(server, 'authorization_endpoint')
  const { dpop } = server
  const dpopKey = await dpop?.newKey(metadata.dpop_signing_alg_values_supported)
  const random = () => base64url(server.crypto.randomBytes(32))
  const pending: PendingAuthorization = {
    state: options.statePrefix + random(),
    codeVerifier: random(),
    nonce: scope.split(' ').includes('openid') ? random() : undefined,
    issuer: server.issuer,
    createdAt: server.clock.now(),
    dpopKey,
    redirectUri,
    scope,
    maxAge,
    acrValues,
    resource,
    tokenScope,
  }
  const own = parameters({
    response_type: 'code',
    client_id: server.clientId,
    redirect_uri: redirectUri,
    scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(await server.crypto.sha256(new TextEncoder().encode(pending.codeVerifier))),
    code_challenge_method: 'S256',
    dpop_jkt: dpopKey && (await dpop?.thumbprint(dpopKey)),
    prompt: options.prompt,
    login_hint: options.loginHint,
    max_age: maxAge === undefined ? maxAge : `${Math.floor(maxAge / 1000)}`,
    acr_values: acrValues?.join(' '),
    ui_locales: options.uiLocales?.join(' '),
    claims: claims && JSON.stringify(claims),
  })
  const params = overridden(parameters(options.extra ?? {}), [...own, ...resourceParameters(options.resources ?? [])])
  const { push } = options
  if (!push) {
    if (metadata.require_pushed_authorization_requests) throw pushMissing()
    return { url: withQuery(server.text, url, params), expiresAt: Infinity, pending }
  }
  const { request_uri, expiresAt } = await push(server, params)
  return {
    url: withQuery(server.text, url, parameters({ client_id: server.clientId, request_uri })),
    expiresAt,
    pending,
  }
}

function pushMissing(): TokenManagerError {
  const name = 'pushedAuthorizationRequests'
  return invalidOption(name, `${name}(), imported: the server takes no other authorization requests`)
}

/** What follows `redirectUri` in `url`: the parameters of an authorization response; `undefined` if it is none to there. */
export function answerAt(url: string, redirectUri: string): string | undefined {
  // Browsers write an origin with a slash. Hosts of files send on to the path with one, or to the path without.
  const address = redirectUri.replace(/\/$/, '')
  const answer = url.slice(address.length)
  return url.startsWith(address) && /^\/?[?&#]/.test(answer) ? answer : undefined
}

/**
 * Reads an authorization response (RFC 6749 §4.1.2) against the request it answers. Nothing is believed, an error neither,
 * before it is known to come from the right server (RFC 9207 §2.4) to the right place.
 * @param url the full URL the person came back with
 * @returns its code, for {@link authorizationCodeGrant}
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED`, `ERR_AUTHORIZATION_CANCELLED` if the person said no, errors of the
 *   metadata
 */
export async function authorizationResponse(
  server: AuthorizationServer,
  url: string,
  pending: PendingAuthorization,
): Promise<string> {
  const [address = '', fragment = ''] = url.split('#')
  if (/(^|&)(access_token|id_token|code)=/.test(fragment)) throw rejected('unsupported_flow')
  if (!answerAt(address, pending.redirectUri)) throw rejected('redirect_uri_mismatch')
  const params = queryParameters(server.text, address)
  const names = params.map(([name]) => name)
  if (['iss', 'state', 'error', 'code'].some((name) => names.indexOf(name) !== names.lastIndexOf(name)))
    throw rejected('authorization_error')

  const iss = firstValue(params, 'iss')
  const isFromServer = iss === undefined || server.isIssuer(iss)
  if (pending.issuer !== server.issuer || !isFromServer) throw rejected('issuer_mismatch')
  if (firstValue(params, 'state') !== pending.state) throw rejected('state_mismatch')
  if (iss === undefined && (await server.metadata()).authorization_response_iss_parameter_supported)
    throw rejected('issuer_missing')

  const error = firstValue(params, 'error')
  const code = firstValue(params, 'code')
  if (error === undefined && code) return code
  throw authorizationError(error, params)
}

/** Throws the error in an answer without `state`. It is only reported: it could be anybody's, and ends no sign-in. */
export function throwErrorIn(url: string): void {
  const [, error] = /[?&#]error=([\w.-]+)/.exec(url) ?? []
  if (error) throw authorizationError(error)
}

const LOST = 'The code was sent, and no answer could be read'

function authorizationError(error = '', params: ParameterList = []): TokenManagerError {
  if (error === 'access_denied')
    return new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled', answeredWith(error, params), { error })
  const reason = error.endsWith('_required') ? 'interaction_required' : 'authorization_error'
  return rejected(reason, { error }, answeredWith(error, params))
}

function answeredWith(error: string, params: ParameterList): string {
  const words = wordsOf(error, firstValue(params, 'error_description'), params)
  return `The server answered ${words || 'neither code nor error'}`
}

/**
 * Redeems a code (RFC 6749 §4.1.3) with one request that is never repeated. An answer that was lost is `transient` with
 * `lost: true` and the reason `code_exchange_indeterminate`: the person has to sign in again.
 * @param code what {@link authorizationResponse} returned
 */
export async function authorizationCodeGrant(
  server: AuthorizationServer,
  code: string,
  pending: PendingAuthorization,
): Promise<TokenAnswer> {
  const answer = await tokenRequest(
    server,
    'authorization_code',
    {
      code,
      redirect_uri: pending.redirectUri,
      code_verifier: pending.codeVerifier,
      resource: pending.resource,
      scope: pending.tokenScope,
    },
    { scope: pending.scope, pending, dpopKey: pending.dpopKey },
  )
  if (answer.kind !== 'transient' || !answer.lost) return answer
  const { error } = answer
  return { ...answer, error: rejected('code_exchange_indeterminate', { cause: error, status: error.status }, LOST) }
}

function rejected(
  reason: TokenManagerErrorReason,
  details?: TokenManagerErrorDetails,
  sentence?: string,
): TokenManagerError {
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', reason, sentence, details)
}

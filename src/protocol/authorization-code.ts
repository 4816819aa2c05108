import { invalidOption, TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import { base64url } from './base64url.ts'
import type { DpopKey } from './dpop.ts'
import { meaningOf, rejected, transient, wordsOf } from './failure.ts'
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
import { sha256 } from './sha256.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { TokenAnswer } from './token-set.ts'

/** What an authorization request asks for. */
export interface AuthorizationRequestOptions {
  /** Where the person comes back to, exactly as registered. */
  redirectUri: string
  /** Names with a space between them. Nothing is added. If `openid` is among them, the token answer must have an ID token. */
  scope: string
  /** The beginning of `state`, by which a page recognises its own answers. Characters of base64url, `.` or `~`. */
  statePrefix: string
  /** OpenID Connect Core §3.1.2.1, as `login` or `none`. */
  prompt?: string
  /** The account that the person probably wants to use. */
  loginHint?: string
  /** The longest time since the person last authenticated, in milliseconds, rounded down to seconds. 0 asks for authentication now. */
  maxAge?: number
  /** One of these has to be the ID token's `acr`. */
  acrValues?: readonly string[]
  /** Preferred languages (BCP 47), best first. */
  uiLocales?: readonly string[]
  /** Single claims to ask for (OpenID Connect Core §5.5). */
  claims?: ClaimsRequest
  /** All resources of the grant (RFC 8707 §2.1). */
  resources?: readonly string[]
  /** The one of them that the first access token is for (RFC 8707 §2.2). */
  resource?: string | undefined
  /** The scope that the token request names. */
  tokenScope?: string | undefined
  /** Sends the request to the server before the person goes there (RFC 9126). The metadata may require it. */
  push?: PushedAuthorizationRequests['start'] | undefined
  /** More parameters. A parameter that the other members set cannot be replaced here. */
  extra?: Readonly<Record<string, string | undefined>>
}

/** How a single claim is requested (OpenID Connect Core §5.5.1). */
export interface ClaimRequest {
  /** Whether the application cannot do without the claim. Default false. */
  readonly essential?: boolean
  /** The value that the claim should have. Default: any. */
  readonly value?: unknown
  /** The values that the claim may have, the best first. Default: any. */
  readonly values?: readonly unknown[]
}

/** Requests for single claims, by the claim's name (OpenID Connect Core §5.5). `null` requests the claim and says nothing more about it. */
export interface ClaimsRequest {
  /** Claims that the ID token should have. Default: none. */
  readonly id_token?: Readonly<Record<string, ClaimRequest | null>>
  /** Claims that the UserInfo endpoint should answer with. Default: none. */
  readonly userinfo?: Readonly<Record<string, ClaimRequest | null>>
}

/** What has to be kept until the person comes back. */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** Absent when `scope` has no `openid`. */
  readonly nonce?: string | undefined
  readonly redirectUri: string
  readonly issuer: string
  readonly scope: string
  /** The resource that the token request names (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  /** The scope that the token request names, for servers that tell APIs apart by scope. Other servers ignore it (RFC 6749 §3.2). */
  readonly tokenScope?: string | undefined
  readonly maxAge?: number | undefined
  readonly acrValues?: readonly string[] | undefined
  readonly createdAt: EpochMs
  /** The key that the code and the tokens are bound to (RFC 9449 §10). Absent if they are bound to none. */
  readonly dpopKey?: DpopKey | undefined
}

/**
 * Makes an authorization request. It is always the code flow with PKCE S256 (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1), whatever the
 * metadata says about PKCE. Each random value has 256 bits.
 * @returns `url`: where the person goes; `expiresAt`: until when the server accepts that URL; `pending`: what to keep until the person comes
 *   back. `pending` is secret, is used once, and belongs to this user agent
 * @throws TokenManagerError `ERR_INVALID_OPTION` if the server accepts only pushed requests and `push` is absent; errors of the metadata
 *   and of `push`
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
    code_challenge: await sha256(server, pending.codeVerifier),
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

/**
 * The part of `url` after `redirectUri`: the parameters of an authorization response. `undefined` if `url` is no authorization response to
 * `redirectUri`.
 */
export function answerAt(url: string, redirectUri: string): string | undefined {
  // The slash at the end does not count: browsers add one to a URL that is only an origin, and hosts of files add or remove one by a redirect.
  const address = redirectUri.replace(/\/$/, '')
  const answer = url.slice(address.length)
  return url.startsWith(address) && /^\/?[?&#]/.test(answer) ? answer : undefined
}

/**
 * Reads an authorization response (RFC 6749 §4.1.2) to the request `pending`. First it checks that the response comes from the right server
 * (RFC 9207 §2.4) and went to the right redirect URI. Only then it reads the code or the error.
 * @param url the full URL that the person came back with
 * @returns the code, for {@link authorizationCodeGrant}
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED`; `ERR_AUTHORIZATION_CANCELLED` if the person refused; `ERR_TEMPORARILY_UNAVAILABLE` if
 *   the server says so; errors of the metadata
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

/**
 * Throws the error in an authorization response without `state`. Anybody could have made such a response, so the error is only reported: it
 * ends no sign-in.
 */
export function throwErrorIn(url: string): void {
  const [, error] = /[?&#]error=([\w.-]+)/.exec(url) ?? []
  if (error) throw authorizationError(error)
}

const LOST = 'The code was sent, and no answer could be read'

function authorizationError(error = '', params: ParameterList = []): TokenManagerError {
  if (error === 'access_denied')
    return new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled', answeredWith(error, params), { error })

  // The server itself says that this will pass (RFC 6749 §4.1.2.1).
  if (meaningOf({ body: { error } }) === 'transient')
    return transient('authorization_error', false, { error }, answeredWith(error, params)).error

  const reason = error.endsWith('_required') ? 'interaction_required' : 'authorization_error'
  return rejected(reason, answeredWith(error, params), { error })
}

function answeredWith(error: string, params: ParameterList): string {
  const words = wordsOf(error, firstValue(params, 'error_description'), params)
  return `The server answered ${words || 'neither code nor error'}`
}

/**
 * Redeems a code for tokens (RFC 6749 §4.1.3). The request is never repeated. If its answer is lost, the result is `transient` with
 * `lost: true`, and its error has the reason `code_exchange_indeterminate`: the person has to sign in again.
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
    { ...pending, pending },
  )
  if (answer.kind !== 'transient' || !answer.lost) return answer

  const { error } = answer
  return { ...answer, error: rejected('code_exchange_indeterminate', LOST, { cause: error, status: error.status }) }
}

import { type AuthorizationServer, endpoint } from './authorization-server.ts'
import type { DpopKey } from './dpop.ts'
import { invalid, refusal, saysError, wrongMember } from './failure.ts'
import { numberOf, textOf } from './json-members.ts'
import { overridden, parameters, resourceParameters } from './parameters.ts'
import { tokenRequest } from './token-endpoint.ts'
import type { TokenAnswer } from './token-set.ts'

/** What to ask for. */
export interface DeviceAuthorizationOptions {
  readonly scope: string
  /** The resource the first access token is for (RFC 8707). */
  readonly resource?: string | undefined
  /** The scope that the token request names, for servers that tell APIs apart by scope. */
  readonly tokenScope?: string | undefined
  /** All resources of the grant. */
  readonly resources?: readonly string[]
  /** More parameters. A parameter that this library sets cannot be replaced here. */
  readonly extra?: Readonly<Record<string, string | undefined>>
}

/** A device authorization that the person has not answered yet (RFC 8628 §3.2). */
export interface PendingDevice {
  /** A secret. It is never shown. */
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  /** How long the codes are valid, in milliseconds from when the request was sent. */
  readonly lifetime: number
  /** The time between two polls, in milliseconds. */
  readonly interval: number
  readonly dpopKey: DpopKey | undefined
  readonly scope: string
  readonly resource: string | undefined
  readonly tokenScope: string | undefined
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'
/** The time between two polls if the server names none, in seconds (RFC 8628 §3.2). */
const DEFAULT_INTERVAL = 5
/** The shortest time between two polls, in seconds, even if the server allows less. */
const SHORTEST_INTERVAL = 1
/** The longest lifetime of the codes, in seconds: one day. */
const LONGEST = 86_400
/** Printable characters only: the code is shown in a terminal, which would obey control characters. */
const CODE = /^[ -~]{1,64}$/
const ADDRESS = /^https?:\/\/[!-~]{1,2048}$/

/**
 * Requests a device authorization (RFC 8628 §3.1).
 * @throws TokenManagerError if the answer is a refusal or cannot be used; errors of the metadata
 */
export async function deviceAuthorization(
  server: AuthorizationServer,
  { scope, resource, tokenScope, resources = [], extra = {} }: DeviceAuthorizationOptions,
): Promise<PendingDevice> {
  const { url, metadata } = await endpoint(server, 'device_authorization_endpoint')
  const dpopKey = await server.dpop?.newKey(metadata.dpop_signing_alg_values_supported)

  const own = [...parameters({ client_id: server.clientId, scope }), ...resourceParameters(resources)]
  const answer = await server.post(url, overridden(parameters(extra), own))
  if (answer.kind === 'transient') throw answer.error
  if (answer.status > 299 || saysError(answer.body)) throw refusal(answer)

  const { device_code, user_code, verification_uri_complete, expires_in, interval, ...body } = answer.body ?? {}
  // Google calls it verification_url, as a draft of the RFC did.
  const { verification_uri = body.verification_url } = body

  const deviceCode = typeof device_code === 'string' ? device_code : ''
  const userCode = textOf(user_code)
  const verificationUri = textOf(verification_uri)
  const complete = textOf(verification_uri_complete)
  const seconds = numberOf(interval) > 0 ? Math.max(numberOf(interval), SHORTEST_INTERVAL) : DEFAULT_INTERVAL
  const lifetime = Math.min(numberOf(expires_in), LONGEST)

  const usable = {
    device_code: deviceCode !== '',
    user_code: CODE.test(userCode),
    verification_uri: ADDRESS.test(verificationUri),
    // A shorter lifetime would be over before the first poll.
    expires_in: lifetime > seconds,
  }
  const [unusable] = Object.entries(usable).find(([, isUsable]) => !isUsable) ?? []
  if (unusable) {
    const what = wrongMember('The answer to the device authorization request', unusable, answer.body?.[unusable])
    throw invalid('invalid_token_response', what)
  }

  return {
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete: ADDRESS.test(complete) ? complete : undefined,
    lifetime: lifetime * 1000,
    interval: seconds * 1000,
    dpopKey,
    scope,
    resource,
    tokenScope,
  }
}

/**
 * Polls once whether the person has agreed (RFC 8628 §3.4). Never rejects. The ID token is checked as at any sign-in, except that it has no
 * `nonce`.
 */
export async function deviceCodeGrant(
  server: AuthorizationServer,
  { deviceCode, scope, resource, tokenScope, dpopKey }: PendingDevice,
): Promise<TokenAnswer> {
  const values = { device_code: deviceCode, resource, scope: tokenScope }
  const answer = await tokenRequest(server, GRANT_TYPE, values, { scope, pending: {}, dpopKey })

  const wantsIdToken = scope.split(' ').includes('openid')
  if (answer.kind !== 'tokens' || !wantsIdToken) return answer
  if (answer.response.idToken) return answer

  return { kind: 'invalid', error: invalid('id_token_missing'), refreshToken: answer.response.refreshToken }
}

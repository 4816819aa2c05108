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
  /** What the token request names where APIs are told apart by scope. */
  readonly tokenScope?: string | undefined
  /** All resources of the grant. */
  readonly resources?: readonly string[]
  /** Further parameters; those this library sets are left as they are. */
  readonly extra?: Readonly<Record<string, string | undefined>>
}

/** A device authorization on its way (RFC 8628 §3.2). */
export interface PendingDevice {
  /** Secret: never shown. */
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  /** Milliseconds from when the request was sent. */
  readonly lifetime: number
  /** Milliseconds between two polls. */
  readonly interval: number
  readonly dpopKey: DpopKey | undefined
  readonly scope: string
  readonly resource: string | undefined
  readonly tokenScope: string | undefined
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'
/** Seconds. */
const DEFAULT_INTERVAL = 5
/** Seconds, whatever the server says. */
const SHORTEST_INTERVAL = 1
/** A day, in seconds: nobody waits longer. */
const LONGEST = 86_400
/** What is shown to a person in a terminal holds nothing that a terminal obeys. */
const CODE = /^[ -~]{1,64}$/
const ADDRESS = /^https?:\/\/[!-~]{1,2048}$/

/**
 * Asks for a device authorization (RFC 8628 §3.1).
 * @throws TokenManagerError for any answer but a usable one; errors of the metadata
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
  // Google has its name from a draft.
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
    // Else it would have expired before it may be asked about.
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

/** Asks once whether the person has agreed (RFC 8628 §3.4). Never rejects. The ID token is checked as at any sign-in, but for a nonce. */
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

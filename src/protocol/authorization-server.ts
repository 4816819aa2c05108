import { TokenManagerError } from '../errors.ts'
import type { ClientCredentials, Clock, Crypto, Platform } from '../ports.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import type { DpopProver } from './dpop.ts'
import { type Answer, type ExchangeOptions, exchange } from './exchange.ts'
import { invalid, type TransientFailure } from './failure.ts'
import { formText, overridden, type ParameterList } from './parameters.ts'

export type { AuthorizationServerMetadata }

/** Which authorization server, and who asks. */
export interface AuthorizationServerOptions {
  /** The issuer identifier, exactly as the server's metadata spells it. https, without query or fragment. */
  issuer: string
  /** Given: it is used as it is and nothing is discovered (RFC 8414 §2). */
  metadata?: AuthorizationServerMetadata
  /** The client identifier. */
  clientId: string
  /** Milliseconds from sending a request to the last byte of its answer. */
  requestTimeout: number
  /** Allows http on a loopback host, for development. Default false. */
  insecureLoopback?: boolean
  /** Hears that an endpoint of the metadata is not https and counts as absent. */
  onInsecureEndpoint?: () => void
  /** What `expires_in: 0` means in an answer of a grant without a refresh token. Default `'unknown'`. */
  expiresInZero?: 'unknown' | 'expired'
  /** Binds tokens to a key (RFC 9449). Default: they are Bearer tokens. */
  dpop?: { start(platform: ServerPlatform): DpopProver }
}

/** What it takes to speak to an authorization server. */
export type ServerPlatform = Pick<Platform, 'fetch' | 'clock' | 'crypto' | 'clientAuthentication' | 'metadata'> &
  Partial<Pick<Platform, 'store'>>

/** An authorization server and the way to it. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly clock: Clock
  readonly crypto: Crypto
  readonly expiresInZero?: 'unknown' | 'expired' | undefined
  /** Makes the proofs; absent: tokens are Bearer tokens. */
  readonly dpop: DpopProver | undefined
  /** Its metadata: given, or discovered once. Rejects with a `TokenManagerError`; a failure is not remembered. */
  metadata(): Promise<AuthorizationServerMetadata>
  /** Sends a form to one of its endpoints as the client, once and bounded; never rejects. */
  post(url: string, form: ParameterList, options?: ExchangeOptions): Promise<Answer | TransientFailure>
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8'
const HTTPS = /^https:\/\/[^\s\\/?#@]+([/?][^\s\\#]*)?$/
const LOOPBACK = /^http(?=:\/\/(127\.0\.0\.1|localhost|\[::1])(:\d+)?([/?]|$))/

/**
 * Describes an authorization server; asks nothing yet.
 *
 * Discovery (OpenID Connect Discovery §4, RFC 8414 §3) asks `{issuer}/.well-known/openid-configuration` first, as that is
 * what most servers have, and on a 404 the same host's `/.well-known/oauth-authorization-server{path}`. The `issuer` in the
 * metadata has to be the configured one, code point by code point. An optional endpoint that is not https counts as absent.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is no https URL without query and fragment
 */
export function authorizationServer(
  {
    issuer,
    metadata,
    clientId,
    requestTimeout,
    insecureLoopback = false,
    onInsecureEndpoint,
    expiresInZero,
    dpop,
  }: AuthorizationServerOptions,
  platform: ServerPlatform,
): AuthorizationServer {
  const { fetch, clock, crypto, clientAuthentication } = platform
  const secure = (url: unknown) => HTTPS.test(insecureLoopback ? String(url).replace(LOOPBACK, 'https') : String(url))
  if (!secure(issuer) || issuer.includes('?'))
    throw new TokenManagerError(
      'ERR_INVALID_OPTION',
      'insecure_endpoint',
      'issuer has to be an https URL without query and fragment',
    )

  let known: Promise<AuthorizationServerMetadata> | undefined
  const server: AuthorizationServer = {
    issuer,
    clientId,
    clock,
    crypto,
    expiresInZero,
    dpop: dpop?.start(platform),
    metadata:
      (platform.metadata as AuthorizationServer['metadata'] | undefined) ??
      (() =>
        (known ??= load().catch((error) => {
          known = undefined
          throw error
        }))),
    post: (url, form, { accept = JSON_TYPE, ...options } = {}) =>
      exchange(
        { fetch, clock },
        requestTimeout,
        async () => {
          const client = { client_id: clientId }
          const { parameters = {}, headers }: ClientCredentials = clientAuthentication
            ? await clientAuthentication.authenticate({ issuer }, client)
            : { parameters: client }
          return {
            url,
            method: 'POST',
            headers: { accept, 'content-type': FORM_TYPE, ...headers },
            body: formText(overridden(form, Object.entries(parameters))),
          }
        },
        options,
      ),
  }
  return server

  async function load() {
    const all = { ...(metadata ?? (await discover())) }
    const found: Record<string, unknown> = clientAuthentication?.endpoints?.(all) ?? all
    if (found.issuer !== issuer)
      throw invalid(
        'metadata_issuer_mismatch',
        `The metadata says "${String(found.issuer).slice(0, 256)}", option issuer "${issuer}": they have to be identical`,
      )
    for (const name of Object.keys(found)) {
      if (!name.endsWith('_endpoint') || secure(found[name])) continue
      if (/^(token|authorization)_/.test(name))
        throw invalid('insecure_endpoint', `The metadata's ${name} is no https URL`)
      delete found[name]
      onInsecureEndpoint?.()
    }
    return found as AuthorizationServerMetadata
  }

  async function discover() {
    const [, host, path] = /^(.*?\/\/[^/]*)(.*?)\/?$/.exec(issuer) as unknown as [string, string, string]
    for (const url of [
      `${host}${path}/.well-known/openid-configuration`,
      `${host}/.well-known/oauth-authorization-server${path}`,
    ]) {
      const request = { url, method: 'GET', headers: { accept: JSON_TYPE } }
      const answer = await exchange({ fetch, clock }, requestTimeout, () => request)
      if (answer.kind === 'transient') throw answer.error
      if (answer.status === 200 && answer.body) return answer.body
      if (answer.status !== 404) break
    }
    throw invalid('metadata_invalid')
  }
}

/** An endpoint of the metadata. Rejects with `endpoint_missing` where there is none, and as `metadata()` does. */
export async function endpoint(
  server: AuthorizationServer,
  name:
    | 'authorization_endpoint'
    | 'token_endpoint'
    | 'pushed_authorization_request_endpoint'
    | 'device_authorization_endpoint',
) {
  const metadata = await server.metadata()
  const url = metadata[name]
  if (!url) throw invalid('endpoint_missing', `The metadata has no ${name}`)
  return { metadata, url }
}

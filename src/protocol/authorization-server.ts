import {
  type AuthorizationServer as AuthorizationServerMetadata,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  customFetch,
  discoveryRequest,
  None,
} from 'oauth4webapi'
import { TokenManagerError } from '../errors.ts'
import type { Clock, Crypto, Platform } from '../ports.ts'
import type { DpopProver } from './dpop.ts'
import { type Answer, type ExchangeOptions, exchange, type Send } from './exchange.ts'
import { invalid, type TransientFailure } from './failure.ts'

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
  /** Binds tokens to a key (RFC 9449). Default: they are Bearer tokens. */
  dpop?: { start(platform: ServerPlatform): DpopProver }
}

/** What it takes to speak to an authorization server. */
export type ServerPlatform = Pick<Platform, 'fetch' | 'clock' | 'crypto' | 'clientAuthentication' | 'metadata'> &
  Partial<Pick<Platform, 'store'>>

/** What oauth4webapi's request functions take as options. */
export interface RequestOptions {
  [customFetch]: Send
  [allowInsecureRequests]: boolean
}

/** An authorization server and the way to it. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  /** The client as oauth4webapi takes it. */
  readonly client: Client
  /** How the client authenticates, as oauth4webapi takes it; every request made as the client does. */
  readonly clientAuthentication: ClientAuth
  readonly clock: Clock
  readonly crypto: Crypto
  /** Makes the proofs; absent: tokens are Bearer tokens. */
  readonly dpop: DpopProver | undefined
  /** Its metadata: given, or discovered once. Rejects with a `TokenManagerError`; a failure is not remembered. */
  metadata(): Promise<AuthorizationServerMetadata>
  /** One bounded request; never rejects. */
  exchange(
    request: (options: RequestOptions) => Promise<Response>,
    options?: ExchangeOptions,
  ): Promise<Answer | TransientFailure>
}

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
    client: { client_id: clientId },
    clientAuthentication: clientAuthentication?.authenticate ?? None(),
    clock,
    crypto,
    dpop: dpop?.start(platform),
    metadata:
      (platform.metadata as AuthorizationServer['metadata'] | undefined) ??
      (() =>
        (known ??= load().catch((error) => {
          known = undefined
          throw error
        }))),
    exchange: (request, options) =>
      exchange(
        { fetch, clock },
        requestTimeout,
        (send) => request({ [customFetch]: send, [allowInsecureRequests]: insecureLoopback }),
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
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const answer = await server.exchange((options) => discoveryRequest(new URL(issuer), { ...options, algorithm }))
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

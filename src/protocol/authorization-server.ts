import { invalidOption, type TokenManagerError } from '../errors.ts'
import type { ClientAuthenticationParts, Clock, Crypto, Degradation, Platform, WireText } from '../ports.ts'
import { LOOPBACK, LOOPBACK_HINT } from './allow-insecure-loopback.ts'
import {
  type AuthorizationServerMetadata,
  isMetadataSource,
  type MetadataSource,
  type StartedMetadata,
} from './authorization-server-metadata.ts'
import type { DpopProver, ProverPlatform } from './dpop.ts'
import { type Answer, type ExchangeOptions, exchange } from './exchange.ts'
import { answerText, invalid, type TransientFailure } from './failure.ts'
import { textOf } from './json-members.ts'
import { onceDone } from './once-done.ts'
import { overridden, type ParameterList } from './parameters.ts'

export type { AuthorizationServerMetadata }

/** Where the metadata comes from. */
export interface MetadataOptions {
  /** The issuer identifier, exactly as the metadata spells it. https, without query or fragment. */
  issuer: string
  /** The metadata itself (RFC 8414 §2), or a source that gives it. Default: it is discovered. */
  metadata?: AuthorizationServerMetadata | MetadataSource
  /** Allows http on a loopback host, for development. Default false. */
  insecureLoopback?: boolean
}

/** Which authorization server, and who asks. */
export interface AuthorizationServerOptions extends MetadataOptions {
  /** The client identifier. */
  clientId: string
  /** The longest time from sending a request to the last byte of its answer, in milliseconds. */
  requestTimeout: number
  /** What `expires_in: 0` means if there is no refresh token. Default `'unknown'`. */
  expiresInZero?: 'unknown' | 'expired'
  /** Whether the ID token of a sign-in may have no `nonce`. Default false. */
  missingNonce?: boolean
  /** Called once for each thing that the server lacks. */
  onDegraded?: (step: Degradation) => void
  /** Binds tokens to a key (RFC 9449). Default: they are Bearer tokens. */
  dpop?: { start(platform: ProverPlatform): DpopProver }
  /** Called when the device's clock is so wrong that proofs have to allow for it. */
  onClockOff?: ProverPlatform['onClockOff']
}

/** The ports that are needed to talk to an authorization server. */
export type ServerPlatform = Pick<Platform, 'fetch' | 'clock' | 'crypto' | 'clientAuthentication' | 'metadata'> &
  Required<Pick<Platform, 'text'>> &
  Partial<Pick<Platform, 'store'>>

/** An authorization server and the way to it. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly clock: Clock
  readonly crypto: Crypto
  /** How what goes over the wire is written and read. */
  readonly text: WireText
  readonly expiresInZero?: 'unknown' | 'expired' | undefined
  /** Makes the proofs. `undefined` if tokens are Bearer tokens. */
  readonly dpop: DpopProver | undefined
  /** Whether an ID token of a sign-in may have no `nonce`. */
  readonly missingNonce: boolean
  /** Whether `iss` names this server. `iss` is from an authorization response, or from an ID token, whose `claims` are then given too. */
  isIssuer: StartedMetadata['isIssuer']
  /** Reports what the server lacks. Each thing is reported once. */
  degraded(step: Degradation): void
  /** The server's metadata. It is loaded once. Rejects with a `TokenManagerError`; the next call then tries again. */
  metadata(): Promise<AuthorizationServerMetadata>
  /** Sends a form to an endpoint of the server, with the client's authentication. Never rejects. */
  post<Other = never>(
    url: string,
    form: ParameterList,
    options?: ExchangeOptions<Other>,
  ): Promise<Answer | TransientFailure | Other>
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8'
const HTTPS = /^https:\/\/[^\s\\/?#@{]+([/?][^\s\\#{]*)?$/
const isEndpoint = (name: string) => name.endsWith('_endpoint')

/** The metadata's source, and the rule that says which URLs are secure enough. */
interface Metadata extends StartedMetadata {
  isSecure(url: unknown): boolean
}

/**
 * Reads the options that say where the metadata comes from.
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a URL that no token may be sent to
 */
export function metadataOf({ issuer, metadata, insecureLoopback }: MetadataOptions): Metadata {
  const isSecure = (url: unknown) => HTTPS.test(insecureLoopback ? textOf(url).replace(LOOPBACK, 'https') : textOf(url))
  const checkUrl = (option: string, url: unknown) => {
    const hasQuery = option === 'issuer' && textOf(url).includes('?')
    if (hasQuery || !isSecure(url))
      throw invalidOption(
        option,
        `an https URL without fragment, and issuer also without query${LOOPBACK_HINT}`,
        'insecure_endpoint',
      )
  }

  if (isMetadataSource(metadata)) return { isSecure, ...metadata.start(issuer, checkUrl) }

  checkUrl('issuer', issuer)
  return {
    isSecure,
    load: async (find) => metadata ?? find(),
    isIssuer: (iss) => iss === issuer,
  }
}

/**
 * Makes the object that talks to an authorization server. Sends no request yet.
 *
 * Discovery (OpenID Connect Discovery §4, RFC 8414 §3) first requests `{issuer}/.well-known/openid-configuration`, because most servers have
 * that. If the answer is no metadata, whatever its status, it requests `/.well-known/oauth-authorization-server{path}` of the same host. The
 * `issuer` in the metadata has to be identical to the configured one. An optional endpoint that is not https counts as absent.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is no https URL, or if `metadata` is wrong
 */
export function authorizationServer(
  options: AuthorizationServerOptions,
  platform: ServerPlatform,
): AuthorizationServer {
  const { issuer, clientId, requestTimeout, dpop } = options
  const { missingNonce = false, onDegraded, onClockOff, expiresInZero } = options
  const { fetch, clock, crypto, text, clientAuthentication } = platform
  const { load, isIssuer, isSecure } = metadataOf(options)

  const told = new Set<Degradation>()

  const server: AuthorizationServer = {
    issuer,
    clientId,
    clock,
    crypto,
    text,
    expiresInZero,
    dpop: dpop?.start({ ...platform, onClockOff }),
    missingNonce,
    isIssuer,
    degraded(step) {
      if (!told.has(step)) onDegraded?.(step)
      told.add(step)
    },
    metadata: (platform.metadata as AuthorizationServer['metadata'] | undefined) ?? onceDone(loaded),
    post: (url, form, { accept = JSON_TYPE, ...exchangeOptions } = {}) =>
      exchange(
        { fetch, clock, text },
        requestTimeout,
        async () => {
          const client = { client_id: clientId }
          // A public client has no credentials: it sends only its identifier.
          const shown = (await clientAuthentication?.authenticate({ issuer }, client)) ?? { parameters: client }
          const { parameters = {}, headers }: ClientAuthenticationParts = shown
          const sent = overridden(form, Object.entries(parameters))

          return {
            url,
            method: 'POST',
            headers: { accept, 'content-type': FORM_TYPE, ...headers },
            body: text.form(sent),
            form: sent,
          }
        },
        exchangeOptions,
      ),
  }
  return server

  async function loaded() {
    const all = { ...(await load(discover)) }
    const found = clientAuthentication?.endpoints?.(all) ?? all

    if (found.issuer !== issuer) {
      const says = textOf(found.issuer).slice(0, 256) || typeof found.issuer
      const what = `The metadata says "${says}", option issuer "${issuer}": they have to be identical`
      throw invalid('metadata_issuer_mismatch', what)
    }

    for (const [name, value] of Object.entries(found)) {
      const isUsable = !isEndpoint(name) || isSecure(value)
      if (value != null && isUsable) continue

      delete found[name]
      if (value == null) continue
      if (/^(token|authorization)_/.test(name))
        throw invalid('insecure_endpoint', `The metadata's ${name} is no https URL`)
      server.degraded('insecure_endpoint')
    }

    return found as AuthorizationServerMetadata
  }

  async function discover(place?: string) {
    const seen: string[] = []
    let failure: TokenManagerError | undefined

    for (const url of place ? [place] : wellKnown(issuer)) {
      const request = { url, method: 'GET', headers: { accept: JSON_TYPE } }
      const answer = await exchange({ fetch, clock, text }, requestTimeout, () => request)
      if (answer.kind === 'transient') {
        failure ??= answer.error
        // Many servers redirect requests to unknown paths, so the other place is tried. A server that is busy may have metadata here.
        if (answer.error.reason !== 'unexpected_redirect') break
      } else if (answer.status === 200 && answer.body) return answer.body
      else seen.push(answerText(answer))
    }

    throw failure ?? invalid('metadata_invalid', `No metadata: ${seen.join(', ')}; option issuer is "${issuer}"`)
  }
}

/** Where the metadata of `issuer` may be. OpenID Connect puts its part after the issuer's path, RFC 8414 §3.1 before it. */
function wellKnown(issuer: string): string[] {
  const [, host, path] = /^(.*?\/\/[^/]*)(.*?)\/?$/.exec(issuer) as unknown as [string, string, string]
  return [`${host}${path}/.well-known/openid-configuration`, `${host}/.well-known/oauth-authorization-server${path}`]
}

/** An endpoint of the metadata. Rejects with `endpoint_missing` if the metadata has none of that name, and with the errors of `metadata()`. */
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

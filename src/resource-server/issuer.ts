import { type Introspection, type IntrospectionOptions, introspection } from './introspection.ts'
import { invalidOption } from './invalid-option.ts'
import { type JsonSourceOptions, jsonSource } from './json-source.ts'
import { type KeySet, keySet, signatureAlgorithms } from './key-set.ts'

/** An authorization server whose tokens are accepted. */
export interface IssuerOptions {
  /** Its issuer identifier, exactly as its tokens spell it: an https URL without query and fragment. */
  readonly issuer: string
  /** Where its keys are. Default: as its metadata says (OpenID Connect Discovery §4, RFC 8414 §3). */
  readonly jwksUri?: string
  /**
   * Signature algorithms (RFC 7518, RFC 8037) that count, asymmetric ones only. Default: RS256, PS256, ES256, EdDSA and Ed25519,
   * and their longer kin.
   */
  readonly algorithms?: readonly string[]
  /** For tokens that are no JWT (RFC 7662). Default: they are refused. Of several issuers only one can have it. */
  readonly introspection?: IntrospectionOptions
}

/** An issuer, ready to judge. */
export interface Issuer {
  readonly issuer: string
  readonly algorithms: readonly string[]
  readonly keys: KeySet
  readonly introspection: Introspection | undefined
}

const HTTPS = /^https:\/\/[^\s\\/?#@]+([/][^\s\\?#]*)?$/
const LOOPBACK = /^http(?=:\/\/(127\.0\.0\.1|localhost|\[::1])(:\d+)?(\/|$))/

/**
 * Checks and completes the description of an issuer. Asks nothing yet.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function issuerFrom(
  options: string | IssuerOptions,
  source: JsonSourceOptions,
  insecureLoopback: boolean,
): Issuer {
  const {
    issuer,
    jwksUri,
    algorithms = signatureAlgorithms,
    introspection: opaque,
  } = typeof options === 'string' ? { issuer: options } : options
  const isSecure = (url: unknown): url is string =>
    typeof url === 'string' &&
    HTTPS.test((insecureLoopback ? url.replace(LOOPBACK, 'https') : url).replace(/\?.*$/, ''))
  if (!isSecure(issuer) || issuer.includes('?'))
    throw invalidOption('issuer has to be an https URL without query and fragment')
  if (jwksUri !== undefined && !isSecure(jwksUri)) throw invalidOption('jwksUri has to be an https URL')
  const unknown = algorithms.find((alg) => !signatureAlgorithms.includes(alg))
  if (unknown !== undefined || !algorithms.length)
    throw invalidOption(`algorithms has to be of ${signatureAlgorithms.join(', ')}, not ${unknown ?? 'empty'}`)

  const paths = ['openid', 'oauth']
  const documents = paths.map((kind) =>
    jsonSource(
      async () => metadataUrl(issuer, kind),
      // Code point by code point: another spelling is another issuer (RFC 8414 §3.3).
      (body) => (body.issuer === issuer ? body : undefined),
      source,
    ),
  )
  const endpoint = async (name: string) => {
    let url: unknown
    for (const document of documents) url ??= (await document.get().catch(() => undefined))?.[name]
    if (!isSecure(url)) throw new Error('The metadata has no such endpoint')
    return url
  }
  return {
    issuer,
    algorithms,
    keys: keySet(async () => jwksUri ?? (await endpoint('jwks_uri')), source),
    introspection: opaque && introspection(opaque, issuer, () => endpoint('introspection_endpoint'), isSecure, source),
  }
}

/** Where the metadata of `issuer` are: OpenID Connect appends, RFC 8414 §3.1 inserts. */
function metadataUrl(issuer: string, kind: string): string {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return kind === 'openid'
    ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    : `${origin}/.well-known/oauth-authorization-server${path}`
}

import { boundedCache } from './bounded-cache.ts'
import type { DeniableIssuer } from './denial.ts'
import { documentFailure } from './document-failure.ts'
import { shown } from './found.ts'
import { type Introspection, type IntrospectionOptions, introspection } from './introspection.ts'
import { invalidOption } from './invalid-option.ts'
import { type IssuerTemplate, issuerTemplate } from './issuer-template.ts'
import { type JsonSourceOptions, jsonSource, Unavailable } from './json-source.ts'
import { type KeySet, type KeySetOptions, keySet } from './key-set.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import type { VerificationKey } from './signature.ts'
import { signatureAlgorithms } from './signature-algorithms.ts'
import { type CheckedDialect, checkDialect, type TokenDialect } from './token-dialect.ts'

/** An authorization server whose tokens are accepted, and how it writes them. */
export interface IssuerOptions extends TokenDialect {
  /**
   * Its issuer identifier, exactly as in its tokens: an https URL without query and fragment. For a server with many tenants one part of
   * the path may be a variable, such as `https://login.microsoftonline.com/{tenantid}/v2.0`. Then `tenants` and `jwksUri` are required.
   * With `jwksUri` (and `introspection.endpoint`, if tokens are introspected) nothing is fetched from it, and it may be any text but an
   * empty one: some servers write `acme.com` or an http URL into their tokens.
   */
  readonly issuer: string
  /**
   * The tenants that are accepted if `issuer` has a variable: a list, or a function that is called at each request, before the signature
   * is checked. No default.
   */
  readonly tenants?: readonly string[] | ((tenant: string) => boolean)
  /**
   * The URL of its keys. Default: the one in its metadata (OpenID Connect Discovery §4, RFC 8414 §3). It may have the variable of `issuer`;
   * then each tenant has its own keys. Nothing else in a token decides from where anything is fetched. A key with a member `issuer`, as
   * Entra has them, is only used for that issuer.
   */
  readonly jwksUri?: string
  /**
   * Signature algorithms that are accepted (RFC 7518, RFC 8037), asymmetric ones only. Default: RS256, PS256, ES256, those of the same
   * kinds with 384 and 512 bit, EdDSA and Ed25519.
   */
  readonly algorithms?: readonly string[]
  /** Asks the server about tokens (RFC 7662). Default: tokens that are not JWTs are refused. Only one of several issuers can have it. */
  readonly introspection?: IntrospectionOptions
}

/** The keys for the tokens of one issuer, or of one tenant. */
interface IssuerKeySet {
  /** As in {@link KeySet}. */
  find(alg: string, kid: string | undefined): ReturnType<KeySet['find']>
  /** As {@link KeySet}'s. */
  findMore(known: readonly VerificationKey[], alg: string, kid: string | undefined): ReturnType<KeySet['findMore']>
}

/** Which tokens belong to an issuer, and its keys. */
interface IssuerKeys {
  /** Whether a token with this `iss` is of this issuer, and of a tenant that is accepted. */
  hasIssued(iss: string): boolean
  /** The keys of tokens with this `iss`, which `hasIssued` has accepted. */
  keysOf(iss: string): IssuerKeySet
}

/** An issuer whose options are checked and complete. */
export interface Issuer extends IssuerKeys {
  /** The issuer identifier, as it is configured. It may have a variable. */
  readonly issuer: string
  readonly algorithms: readonly string[]
  readonly dialect: CheckedDialect
  readonly introspection: Introspection | undefined
  /** Whether the server is also asked about JWTs. */
  readonly introspectsJwts: boolean
}

const NAMES: OptionNames<IssuerOptions> = {
  issuer: true,
  tenants: true,
  jwksUri: true,
  algorithms: true,
  introspection: true,
  types: true,
  claims: true,
  requiredClaims: true,
  requiredValues: true,
  refusedClaims: true,
  subjectKind: true,
  logout: true,
}
/** How many tenants' keys are kept at most. */
const TENANTS = 1_000
const HTTPS = /^https:\/\/[^\s\\/?#@]+([/][^\s\\?#]*)?$/
const LOOPBACK = /^http(?=:\/\/(127\.0\.0\.1|localhost|\[::1])(:\d+)?(\/|$))/

/**
 * Checks and completes the description of an issuer. Sends no request yet.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function issuerFrom(options: string | IssuerOptions, source: KeySetOptions, allowsInsecure: boolean): Issuer {
  const given: IssuerOptions = typeof options === 'string' ? { issuer: options } : options
  checkOptionNames(given, NAMES, 'issuer.')
  const { issuer, tenants, jwksUri, algorithms = signatureAlgorithms, introspection: asking } = given
  const isSecure = (url: unknown): url is string => isSecureUrl(url, allowsInsecure)
  const asksNowhere = asking !== undefined && asking.endpoint === undefined
  const isFetchedFrom = jwksUri === undefined || asksNowhere
  if (isFetchedFrom) checkIssuerUrl(issuer, isSecure)
  else if (typeof issuer !== 'string' || issuer === '') throw invalidOption('issuer has to be a text, and not empty')
  if (jwksUri !== undefined && !isSecure(jwksUri)) throw invalidOption('jwksUri has to be an https URL')
  checkAlgorithms(algorithms)

  const template = issuerTemplate(issuer, tenants)
  if (template && jwksUri === undefined) throw invalidOption('An issuer with a variable needs jwksUri')
  if (template && asksNowhere) throw invalidOption('An issuer with a variable needs introspection.endpoint')

  const endpoint = endpointsOf(issuer, isSecure, source)
  const locate = async () => jwksUri ?? (await endpoint('jwks_uri'))
  const keys = template && jwksUri !== undefined ? tenantKeys(template, jwksUri, source) : undefined
  const { hasIssued, keysOf } = keys ?? ownKeys(issuer, locate, source)

  return {
    issuer,
    algorithms,
    dialect: checkDialect(given),
    introspection: asking && introspection(asking, issuer, () => endpoint('introspection_endpoint'), isSecure, source),
    introspectsJwts: asking?.jwts === true,
    hasIssued,
    keysOf,
  }
}

/** Checks the identifier of an issuer whose metadata is fetched from a place below it. */
function checkIssuerUrl(issuer: unknown, isSecure: (url: unknown) => url is string): void {
  if (isSecure(issuer) && !issuer.includes('?')) return

  const needed = 'jwksUri, and introspection.endpoint where tokens are introspected'
  throw invalidOption(
    `issuer has to be an https URL without query and fragment (http on localhost needs [allowInsecureLoopback]: true); any other text needs ${needed}`,
  )
}

function isSecureUrl(url: unknown, allowsInsecure: boolean): url is string {
  if (typeof url !== 'string') return false
  const asSecure = allowsInsecure ? url.replace(LOOPBACK, 'https') : url
  return HTTPS.test(asSecure.replace(/\?.*$/, ''))
}

function checkAlgorithms(algorithms: readonly string[]): void {
  const unknown = algorithms.find((alg) => !signatureAlgorithms.includes(alg))
  if (unknown !== undefined || algorithms.length === 0)
    throw invalidOption(`algorithms has to be of ${signatureAlgorithms.join(', ')}, not ${unknown ?? 'empty'}`)
}

/** What the denylist has to know of an issuer. */
export function deniableBy({ hasIssued, dialect }: Issuer): DeniableIssuer {
  const { id, session } = dialect.names
  return { hasIssued, hasTokenIds: id !== false, hasSessionIds: session !== false }
}

function ownKeys(issuer: string, locate: () => Promise<string>, source: KeySetOptions): IssuerKeys {
  const keys = keySet(locate, source)
  const own = issuerKeySet(keys, issuer)
  return {
    // Compared exactly: another spelling is another issuer.
    hasIssued: (iss) => iss === issuer,
    keysOf: () => own,
  }
}

/** The keys of each tenant. Only an accepted tenant is put into the configured URL, so a token cannot choose where keys are fetched from. */
function tenantKeys(template: IssuerTemplate, jwksUri: string, source: KeySetOptions): IssuerKeys {
  const known = boundedCache<KeySet>(TENANTS, source.now)
  return {
    hasIssued: (iss) => template.tenantOf(iss) !== undefined,
    keysOf(iss) {
      const url = template.fill(jwksUri, template.tenantOf(iss) ?? '')
      const keys = known.get(url) ?? keySet(async () => url, source)
      known.set(url, keys, Number.POSITIVE_INFINITY)
      return issuerKeySet(keys, iss)
    },
  }
}

function issuerKeySet(keys: KeySet, iss: string): IssuerKeySet {
  return {
    find: (alg, kid) => keys.find(alg, kid, iss),
    findMore: (known, alg, kid) => keys.findMore(known, alg, kid, iss),
  }
}

/** Finds endpoints in the metadata of an issuer. */
function endpointsOf(
  issuer: string,
  isSecure: (url: unknown) => url is string,
  options: JsonSourceOptions,
): (name: string) => Promise<string> {
  const places = ['openid-configuration', 'oauth-authorization-server']
  const documents = places.map((place) => ({
    place,
    source: jsonSource(
      async () => metadataUrl(issuer, place),
      (body) => {
        // Compared exactly: another spelling is another issuer (RFC 8414 §3.3).
        if (body.issuer === issuer) return body
        throw new Unavailable(`${place} says issuer ${shown(body.issuer)}, not ${shown(issuer)}`)
      },
      options,
    ),
  }))

  return async (name) => {
    const failures: string[] = []
    for (const { place, source } of documents) {
      const metadata = await source.get().catch((cause) => {
        failures.push(documentFailure(place, cause, options.timeout))
      })
      const url = metadata?.[name]
      if (isSecure(url)) return url
      if (metadata) failures.push(`${place} names no https ${name}`)
    }
    throw new Unavailable(`no ${name} of the issuer: ${failures.join(', ')}`)
  }
}

/** The URL of the metadata. OpenID Connect puts its part after the issuer's path, RFC 8414 §3.1 before it. */
function metadataUrl(issuer: string, place: string): string {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return place === 'openid-configuration'
    ? `${issuer.replace(/\/$/, '')}/.well-known/${place}`
    : `${origin}/.well-known/${place}${path}`
}

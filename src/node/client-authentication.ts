import { type ClientAuth, ClientSecretBasic, ClientSecretPost, modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { invalidOption } from '../errors.ts'
import type { ClientAuthentication, ClientAuthenticationParts, CryptoKey } from '../ports.ts'

/** A client secret, or a function that is asked for it before every request, so that a rotated secret is used at once. */
export type ClientSecret = string | (() => string | Promise<string>)

/** A signing key and its names. */
export interface AssertionKey {
  /** A private key with the usage `sign`. */
  readonly key: CryptoKey
  /** `kid` of the assertion's header. Default: none. */
  readonly kid?: string | undefined
  /** `alg` of the assertion's header. Default: the key's own. */
  readonly alg?: string | undefined
}

/** How assertions are made. */
export interface AssertionOptions {
  /** `aud` of the assertion. Default: the issuer identifier, as one string. */
  readonly audience?: string
}

/** How {@link clientSecretBasic} writes the header. */
export interface ClientSecretBasicOptions {
  /**
   * Whether client id and secret are form-encoded before they go into the header, as RFC 6749 §2.3.1 wants it. Default true. False for
   * servers that compare them as they are (Doorkeeper, Glewlwyd): it matters where one of them has other characters than letters, digits,
   * `-`, `.`, `_` and `*`. The client id must then have no colon.
   */
  readonly formEncoded?: boolean
}

/**
 * `client_secret_basic`: the secret in the `Authorization` header, form-encoded first (RFC 6749 §2.3.1).
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there is no secret
 */
export function clientSecretBasic(
  secret: ClientSecret,
  { formEncoded = true }: ClientSecretBasicOptions = {},
): ClientAuthentication {
  if (typeof formEncoded !== 'boolean') throw invalidOption('formEncoded', `true or false; it is ${typeof formEncoded}`)
  return withSecret('client_secret_basic', secret, formEncoded ? ClientSecretBasic : plainBasic)
}

/** Who the client is, as it is (RFC 7617 §2.1, with its characters in UTF-8). */
function plainBasic(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    if (id.includes(':')) throw invalidOption('clientId', 'without a colon where formEncoded is false')
    headers.set('authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`)
  }
}

/**
 * `client_secret_post`: the secret in the body (RFC 6749 §2.3.1). Only for servers that take it no other way.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there is no secret
 */
export function clientSecretPost(secret: ClientSecret): ClientAuthentication {
  return withSecret('client_secret_post', secret, ClientSecretPost)
}

/**
 * `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): the certificate proves the client, `client_id` names it. Where the
 * server has `mtls_endpoint_aliases`, those endpoints are used (RFC 8705 §5).
 *
 * The certificate belongs to the connection: give the manager a `fetch` that uses it, for the server and the APIs alike. Tokens are bound to
 * the certificate. After a change of it call `dispose()` (a client's own tokens) or `refresh()` (a session). Otherwise the first call
 * that an API refuses shows it.
 */
export function mutualTls(): ClientAuthentication {
  return {
    method: 'tls_client_auth',
    authenticate: (_, client) => ({ parameters: { ...client } }),
    endpoints: (metadata) => ({ ...metadata, ...directEndpoints(metadata.mtls_endpoint_aliases) }),
  }
}

/**
 * `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9): an assertion that lives 60 s, with a new `jti` for every attempt.
 * @param key asked for before every request, so that a rotated key is used at once
 */
export function signedAssertion(
  key: () => AssertionKey | Promise<AssertionKey>,
  { audience }: AssertionOptions = {},
): ClientAuthentication {
  return {
    method: 'private_key_jwt',
    async authenticate(server, client) {
      const { alg, kid, key: signingKey } = await key()
      const assertion = PrivateKeyJwt(kid === undefined ? signingKey : { key: signingKey, kid }, {
        [modifyAssertion](header, payload) {
          if (alg !== undefined) header.alg = alg
          if (audience !== undefined) payload.aud = audience
          // Of no use in an assertion that was just made, and refused where this machine's clock is a second ahead.
          delete payload.nbf
        },
      })
      return credentialsOf(assertion, server, client)
    },
  }
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` for anything but a way to authenticate, or none */
export function checkClientAuthentication(given: ClientAuthentication | undefined): void {
  if (given !== undefined && typeof given?.authenticate !== 'function')
    throw invalidOption(
      'clientAuthentication',
      'clientSecretBasic(), clientSecretPost(), privateKeyJwt() or mutualTls()',
    )
}

function withSecret(method: string, secret: ClientSecret, how: (secret: string) => ClientAuth): ClientAuthentication {
  if (typeof secret !== 'function' && !isSecret(secret))
    throw invalidOption(`clientAuthentication (${method})`, 'given a secret, or a function that returns one')

  return {
    method,
    async authenticate(server, client) {
      const now = typeof secret === 'function' ? await secret() : secret
      if (!isSecret(now)) throw new TypeError('no secret')

      return credentialsOf(how(now), server, client)
    },
  }
}

/** What one of oauth4webapi's ways to authenticate adds to a request. */
async function credentialsOf(
  how: ClientAuth,
  ...[server, client]: Parameters<ClientAuthentication['authenticate']>
): Promise<ClientAuthenticationParts> {
  const body = new URLSearchParams()
  const headers = new Headers()
  await how(server, client, body, headers)
  return { parameters: Object.fromEntries(body), headers: Object.fromEntries(headers) }
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The aliases of endpoints that a client calls itself. Any other alias has no meaning (RFC 8705 §5). */
function directEndpoints(aliases: unknown): Record<string, unknown> {
  const isDirect = (name: string) => name.endsWith('_endpoint') && !/^(authorization|end_session)_/.test(name)
  return Object.fromEntries(Object.entries(aliases ?? {}).filter(([name]) => isDirect(name)))
}

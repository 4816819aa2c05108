import { type ClientAuth, ClientSecretBasic, ClientSecretPost, modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { invalidOption, TokenManagerError } from '../errors.ts'
import type { ClientAuthentication, ClientAuthenticationParts, CryptoKey } from '../ports.ts'

/** A client secret, or a function that returns it. The function is called before every request, so that a rotated secret is used at once. */
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

/** Options of {@link clientSecretBasic}. */
export interface ClientSecretBasicOptions {
  /**
   * Whether client id and secret are form-encoded in the header (RFC 6749 §2.3.1). Set it to false for servers that do not decode them (Doorkeeper,
   * Glewlwyd), if one of them has other characters than letters, digits, `-`, `.`, `_` and `*`. The client id must then have no colon. Default
   * true.
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

/** Client id and secret without form encoding (RFC 7617 §2.1), in UTF-8. */
function plainBasic(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    if (id.includes(':')) throw invalidOption('clientId', 'without a colon where formEncoded is false')
    headers.set('authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`)
  }
}

/**
 * `client_secret_post`: the secret in the body (RFC 6749 §2.3.1). Use it only for servers that do not support `client_secret_basic`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there is no secret
 */
export function clientSecretPost(secret: ClientSecret): ClientAuthentication {
  return withSecret('client_secret_post', secret, ClientSecretPost)
}

/**
 * `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): the client authenticates with a certificate, and sends its `client_id`. If the
 * server has `mtls_endpoint_aliases`, these endpoints are used (RFC 8705 §5).
 *
 * The certificate is part of the connection. Give the manager a `fetch` that uses it for the server and for the APIs. Tokens are bound to the
 * certificate. When you change it, call `dispose()` (a client's own tokens) or `refresh()` (a session). Otherwise APIs refuse the old token
 * first.
 */
export function mutualTls(): ClientAuthentication {
  return {
    method: 'tls_client_auth',
    authenticate: (_, client) => ({ parameters: { ...client } }),
    endpoints: (metadata) => ({ ...metadata, ...directEndpoints(metadata.mtls_endpoint_aliases) }),
  }
}

/**
 * `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9): the client sends an assertion that is valid for 60 s. Each request has a new one.
 * @param key returns the key. It is called before every request, so that a rotated key is used at once
 */
export function signedAssertion(
  key: () => AssertionKey | Promise<AssertionKey>,
  { audience }: AssertionOptions = {},
): ClientAuthentication {
  return {
    method: 'private_key_jwt',
    async authenticate(server, client) {
      const given = await orFail('private_key_jwt', 'the key cannot be had', key)
      return orFail('private_key_jwt', 'the key cannot sign', () =>
        credentialsOf(assertionWith(given, audience), server, client),
      )
    },
  }
}

function assertionWith({ alg, kid, key }: AssertionKey, audience: string | undefined): ClientAuth {
  return PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
    [modifyAssertion](header, payload) {
      if (alg !== undefined) header.alg = alg
      if (audience !== undefined) payload.aud = audience
      // `nbf` has no use here, and a server would refuse the assertion if this machine's clock were one second ahead.
      delete payload.nbf
    },
  })
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` if `given` is neither `undefined` nor a way to authenticate */
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
      const now =
        typeof secret === 'function' ? await orFail(method, 'the function for the secret threw', secret) : secret
      if (!isSecret(now))
        throw failed(method, `the function for the secret returned ${now === '' ? 'no text' : typeof now}`)

      return credentialsOf(how(now), server, client)
    },
  }
}

/**
 * Runs what is needed before a request can be sent. It may need another server, so its failure may pass.
 * @param what what went wrong if it fails
 */
async function orFail<T>(method: string, what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw cause instanceof TokenManagerError ? cause : failed(method, what, cause)
  }
}

function failed(method: string, what: string, cause?: unknown): TokenManagerError {
  return new TokenManagerError(
    'ERR_TEMPORARILY_UNAVAILABLE',
    'client_authentication_failed',
    `clientAuthentication (${method}): ${what}. Nothing was sent`,
    { cause },
  )
}

/** The parameters and header fields that a function of oauth4webapi adds to a request. */
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

import {
  type ClientCredentials,
  type ClientCredentialsOptions,
  createClientCredentials as createCredentials,
} from '../client-tokens/create-client-credentials.ts'
import {
  createJwtBearer as createBearer,
  type JwtBearer,
  type JwtBearerOptions,
} from '../client-tokens/create-jwt-bearer.ts'
import {
  createTokenExchange as createExchange,
  type TokenExchange,
  type TokenExchangeOptions,
} from '../client-tokens/create-token-exchange.ts'
import type { ResourceClient } from '../client-tokens/resource-client.ts'
import { nodePlatform } from './platform.ts'
import { settling } from './settle.ts'
import { stayAlive } from './stay-alive.ts'

/**
 * A service's own tokens (client credentials, RFC 6749 §4.4): one per resource, audience and scope, asked for once however many callers
 * there are, and again ahead of its expiry while it is in use. It has no timers and does no I/O before it is used.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createClientCredentials(options: ClientCredentialsOptions): ClientCredentials {
  const client = createCredentials(options, nodePlatform())
  return { ...client, ...alive(client) }
}

/**
 * Token exchange (RFC 8693): calls other APIs on behalf of whoever called this one. Results are cached by subject, actor, resource, audience
 * and scope until they expire, bounded by `maxTokens`, in this process only; one exchange for any number of callers.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenExchange(options: TokenExchangeOptions): TokenExchange {
  const exchange = createExchange(options, nodePlatform())
  return {
    ...exchange,
    for: (subject) => alive(exchange.for(subject)),
    forget: (subject) => stayAlive(settling(exchange.forget(subject))),
  }
}

/**
 * JWT bearer grant (RFC 7523 §2.1): a service account, or users that this service vouches for. Results are cached by subject,
 * resource, audience and scope until they expire, bounded by `maxTokens`, in this process only; one request for any number of callers.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createJwtBearer(options: JwtBearerOptions): JwtBearer {
  const bearer = createBearer(options, nodePlatform())
  return {
    ...bearer,
    for: (subject) => alive(bearer.for(subject)),
    forget: (subject) => stayAlive(settling(bearer.forget(subject))),
  }
}

/** `client`, whose calls keep the process alive. */
function alive({ getAccessToken, fetch, headersFor }: ResourceClient): ResourceClient {
  return {
    getAccessToken: (options) => stayAlive(getAccessToken(options)),
    fetch: (input, init) => stayAlive(fetch(input, init)),
    headersFor: (...args) => stayAlive(headersFor(...args)),
  }
}

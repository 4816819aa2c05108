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
 * Gets a service's own tokens (client credentials, RFC 6749 §4.4). There is one token for each resource, audience and scope. Callers share it and its
 * request. While it is in use, it is renewed before it expires. There are no timers, and no I/O before the first use.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createClientCredentials(options: ClientCredentialsOptions): ClientCredentials {
  const client = createCredentials(options, nodePlatform())
  return { ...client, ...alive(client) }
}

/**
 * Token exchange (RFC 8693): calls other APIs in the name of the caller of this one. This process keeps the tokens by subject, actor, resource, audience
 * and scope until they expire, at most `maxTokens` of them. Callers at the same time share one exchange.
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
 * JWT bearer grant (RFC 7523 §2.1): gets tokens for a service account, or for users that this service vouches for. This process keeps the tokens by
 * subject, resource, audience and scope until they expire, at most `maxTokens` of them. Callers at the same time share one request.
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

/** `client`, but its calls keep the process running. */
function alive({ getAccessToken, fetch, headersFor }: ResourceClient): ResourceClient {
  return {
    getAccessToken: (options) => stayAlive(getAccessToken(options)),
    fetch: (input, init) => stayAlive(fetch(input, init)),
    headersFor: (...args) => stayAlive(headersFor(...args)),
  }
}

import { auth0Api } from './auth0-api.ts'
import { hostName } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Auth0. */
export interface Auth0Options {
  /** The tenant's domain, or its custom domain: `'example.eu.auth0.com'`. */
  readonly domain: string
  /** The client id of the application. */
  readonly clientId: string
}

function auth0Client({ domain, clientId }: Auth0Options): ClientPreset {
  return {
    issuer: `https://${hostName('auth0.domain', domain)}/`,
    clientId,
    scope: 'openid offline_access',
  }
}

/**
 * Auth0. `auth0({ domain, clientId })` is for the client, `auth0.api({ domain })` for the API.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `domain` is no host name
 */
export const auth0: typeof auth0Client & {
  /** For `issuer` of the guard. */
  readonly api: typeof auth0Api
} = /* @__PURE__ */ Object.assign(auth0Client, { api: auth0Api })

import { metadataFrom } from '../manager/metadata-from.ts'
import { auth0Api } from './auth0-api.ts'
import { hostName } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Auth0. */
export interface Auth0Options {
  /** The tenant's domain, or its custom domain: `'example.eu.auth0.com'`. */
  readonly domain: string
  /** The client id of the application. */
  readonly clientId: string
  /**
   * How the session at Auth0 ends. `'oidc'`: by RP-Initiated Logout, which is switched on in tenants made since November 2023. `'v2'`: by
   * `/v2/logout`, for tenants where it is switched off. Default `'oidc'`.
   */
  readonly logout?: 'oidc' | 'v2'
}

function auth0Client({ domain, clientId, logout = 'oidc' }: Auth0Options): ClientPreset {
  const origin = `https://${hostName('auth0.domain', domain)}`
  const older: Partial<ClientPreset> = {
    metadata: metadataFrom({ overrides: { end_session_endpoint: `${origin}/v2/logout` } }),
    endSessionParams: ({ client_id, post_logout_redirect_uri }) => ({ client_id, returnTo: post_logout_redirect_uri }),
  }
  return {
    issuer: `${origin}/`,
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['audience'],
    ...(logout === 'v2' && older),
  }
}

/**
 * Auth0. `auth0({ domain, clientId })` is for the client, `auth0.api({ domain })` for the API. An entry of `resources` names its API by
 * `audience`. Without one, access tokens are opaque.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `domain` is not a host name
 */
export const auth0: typeof auth0Client & {
  /** For `issuer` of the guard. */
  readonly api: typeof auth0Api
} = /* @__PURE__ */ Object.assign(auth0Client, { api: auth0Api })

import { oktaApi, oktaIssuer } from './okta-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Okta. */
export interface OktaOptions {
  /** The organization's domain: `'example.okta.com'`, or its custom domain. */
  readonly domain: string
  /** The client id of the app integration. */
  readonly clientId: string
  /** The id of the custom authorization server. Default `'default'`. */
  readonly authorizationServer?: string
}

function oktaClient(options: OktaOptions): ClientPreset {
  return {
    issuer: oktaIssuer(options),
    clientId: options.clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

/**
 * Okta, with a custom authorization server. `okta({ domain, clientId })` is for the client, `okta.api({ domain })` for the API. The
 * authorization server has one audience for all its tokens, so APIs differ by scope, or each has its own authorization server.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `domain` is not a host name
 */
export const okta: typeof oktaClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof oktaApi
} = /* @__PURE__ */ Object.assign(oktaClient, { api: oktaApi })

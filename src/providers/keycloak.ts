import { keycloakApi, keycloakIssuer } from './keycloak-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Keycloak. */
export interface KeycloakOptions {
  /** Where Keycloak is, with its path if it has one: `'https://id.example.com'`, `'https://id.example.com/auth'`. */
  readonly url: string
  /** The realm. */
  readonly realm: string
  /** The client id. */
  readonly clientId: string
}

function keycloakClient({ url, realm, clientId }: KeycloakOptions): ClientPreset {
  return {
    issuer: keycloakIssuer({ url, realm }),
    clientId,
    // There is a refresh token without offline_access. That scope would begin another session, which outlives the person's.
    scope: 'openid',
    resourceParameters: [],
  }
}

/**
 * Keycloak. `keycloak({ url, realm, clientId })` is for the client, `keycloak.api({ url, realm })` for the API. A client
 * scope with an audience mapper puts the API into `aud`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL, or `realm` cannot be part of one
 */
export const keycloak: typeof keycloakClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof keycloakApi
} = /* @__PURE__ */ Object.assign(keycloakClient, { api: keycloakApi })

import { baseUrl, pathSegment } from './checked.ts'
import { type ApiPreset, refusedBesideNonce } from './preset.ts'

/** The Keycloak realm whose access tokens an API accepts. The API has to be in `aud`: give the client scope an audience mapper. */
export interface KeycloakApiOptions {
  /** Where Keycloak is, with its path if it has one: `'https://id.example.com'`, `'https://id.example.com/auth'`. */
  readonly url: string
  /** The realm. */
  readonly realm: string
  /**
   * The major version of the server. Default 26. Up to version 24, access tokens have the `nonce` of the sign-in, and the type of logout
   * tokens is `JWT`.
   */
  readonly version?: number
}

const SERVICE_ACCOUNT = 'service-account-'
/** What Keycloak's own client scope for service accounts puts into their tokens. */
const OF_SERVICE_ACCOUNTS = ['clientHost', 'clientAddress', 'clientId']
const LAST_WITH_NONCE = 24

/** The issuer, for the client and for the API. */
export function keycloakIssuer({ url, realm }: KeycloakApiOptions): string {
  return `${baseUrl('keycloak.url', url)}/realms/${pathSegment('keycloak.realm', realm)}`
}

/** The part of the preset for the guard. */
export function keycloakApi({ url, realm, version = 26 }: KeycloakApiOptions): ApiPreset {
  const isOld = version <= LAST_WITH_NONCE
  return {
    issuer: keycloakIssuer({ url, realm }),
    types: ['JWT', 'at+jwt'],
    // The typ of ID tokens is ID, that of refresh tokens Refresh or Offline.
    requiredValues: { typ: ['Bearer', 'DPoP'] },
    ...(isOld && { refusedClaims: refusedBesideNonce }),
    claims: { client: 'azp' },
    subjectKind: (claims) => {
      const { preferred_username: name, auth_time } = claims
      const isNamed = typeof name === 'string'
      const isOfService = OF_SERVICE_ACCOUNTS.some((claim) => claim in claims)
      const isNamedSo = isNamed && name.startsWith(SERVICE_ACCOUNT)
      if (isOfService || isNamedSo) return 'client'
      return isNamed || auth_time !== undefined ? 'user' : undefined
    },
    ...(isOld && { logout: { types: ['logout+jwt', 'JWT'] } }),
  }
}

import { keycloakApi } from './keycloak-api.ts'

/** Keycloak. `keycloak.api(…)` is for the API. */
export const keycloak: {
  /** For `issuer` of the guard. */
  readonly api: typeof keycloakApi
} = { api: keycloakApi }

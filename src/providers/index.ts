/**
 * Presets as plain data: what a provider needs among the options of a client, and of the guard of an API. A preset that is not imported
 * ships no byte.
 * @module
 */
export { type Auth0Options, auth0 } from './auth0.ts'
export type { Auth0ApiOptions } from './auth0-api.ts'
export { cognito } from './cognito.ts'
export type { CognitoApiOptions } from './cognito-api.ts'
export { type EntraOptions, entra } from './entra.ts'
export type { EntraApiOptions } from './entra-api.ts'
export { hydra } from './hydra.ts'
export type { HydraApiOptions } from './hydra-api.ts'
export { keycloak } from './keycloak.ts'
export type { KeycloakApiOptions } from './keycloak-api.ts'
export { okta } from './okta.ts'
export type { OktaApiOptions } from './okta-api.ts'
export type { ApiPreset, ClientPreset } from './preset.ts'

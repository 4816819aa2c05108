/**
 * Presets as plain data: what a provider needs among the options of a client, and of the guard of an API. A preset that is not imported
 * ships no byte.
 * @module
 */
export { type Auth0Options, auth0 } from './auth0.ts'
export type { Auth0ApiOptions } from './auth0-api.ts'
export { type AuthentikOptions, authentik } from './authentik.ts'
export { type CognitoOptions, cognito } from './cognito.ts'
export type { CognitoApiOptions } from './cognito-api.ts'
export { type EntraOptions, entra } from './entra.ts'
export type { EntraApiOptions } from './entra-api.ts'
export { type EntraB2cOptions, entraB2c } from './entra-b2c.ts'
export { type GithubOptions, github } from './github.ts'
export { type GoogleOptions, google } from './google.ts'
export { type HydraOptions, hydra } from './hydra.ts'
export type { HydraApiOptions } from './hydra-api.ts'
export { type IdentityServerOptions, identityServer } from './identity-server.ts'
export { type KeycloakOptions, keycloak } from './keycloak.ts'
export type { KeycloakApiOptions } from './keycloak-api.ts'
export { type LogtoOptions, logto } from './logto.ts'
export { type OktaOptions, okta } from './okta.ts'
export type { OktaApiOptions } from './okta-api.ts'
export type { ApiPreset, ClientPreset } from './preset.ts'
export { type SupabaseOptions, supabase } from './supabase.ts'
export { type ZitadelOptions, zitadel } from './zitadel.ts'

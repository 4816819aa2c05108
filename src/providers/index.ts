/**
 * Presets as plain data: what a provider needs among the options of a client, and of the guard of an API. A preset that is not imported
 * ships no byte.
 * @module
 */
export { type Auth0ApiOptions, type Auth0Options, auth0 } from './auth0.ts'
export { type EntraApiOptions, type EntraOptions, entra } from './entra.ts'
export type { ApiPreset, ClientPreset } from './preset.ts'

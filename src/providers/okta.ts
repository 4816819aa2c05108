import { oktaApi } from './okta-api.ts'

/** Okta, with a custom authorization server. `okta.api(…)` is for the API. */
export const okta: {
  /** For `issuer` of the guard. */
  readonly api: typeof oktaApi
} = { api: oktaApi }

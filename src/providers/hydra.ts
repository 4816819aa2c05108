import { hydraApi } from './hydra-api.ts'

/** Ory Hydra. `hydra.api(…)` is for the API. */
export const hydra: {
  /** For `issuer` of the guard. */
  readonly api: typeof hydraApi
} = { api: hydraApi }

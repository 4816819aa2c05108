import { baseUrl } from './checked.ts'
import { hydraApi } from './hydra-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Ory Hydra. */
export interface HydraOptions {
  /** The issuer, exactly as in `urls.self.issuer`, with or without a slash at its end. */
  readonly issuer: string
  /** The client id. */
  readonly clientId: string
}

function hydraClient({ issuer, clientId }: HydraOptions): ClientPreset {
  baseUrl('hydra.issuer', issuer)
  return {
    issuer,
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['audience'],
  }
}

/**
 * Ory Hydra. `hydra({ issuer, clientId })` is for the client, `hydra.api({ issuer })` for the API. An entry of `resources` names its API by
 * `audience`. The client has to be registered for that audience.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is not a URL
 */
export const hydra: typeof hydraClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof hydraApi
} = /* @__PURE__ */ Object.assign(hydraClient, { api: hydraApi })

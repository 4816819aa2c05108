import { logtoApi, logtoIssuer } from './logto-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Logto. */
export interface LogtoOptions {
  /** The endpoint of the tenant: `'https://example.logto.app'`, or its custom domain. */
  readonly url: string
  /** The app id. */
  readonly clientId: string
}

function logtoClient({ url, clientId }: LogtoOptions): ClientPreset {
  return {
    issuer: logtoIssuer({ url }),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['resource'],
    // Logto ignores offline_access without it.
    authorizationParams: { prompt: 'consent' },
  }
}

/**
 * Logto. `logto({ url, clientId })` is for the client, `logto.api({ url })` for the API. An entry of `resources` names its API by
 * `resource`. Without one, access tokens are opaque.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL
 */
export const logto: typeof logtoClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof logtoApi
} = /* @__PURE__ */ Object.assign(logtoClient, { api: logtoApi })

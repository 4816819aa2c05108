import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Logto. */
export interface LogtoOptions {
  /** The endpoint of the tenant: `'https://example.logto.app'`, or its custom domain. */
  readonly url: string
  /** The app id. */
  readonly clientId: string
}

/**
 * Logto, for a client. An entry of `resources` names its API by `resource`; without one access tokens are opaque.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is no URL
 */
export function logto({ url, clientId }: LogtoOptions): ClientPreset {
  return {
    issuer: `${baseUrl('logto.url', url)}/oidc`,
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['resource'],
    // Without it offline_access is ignored.
    authorizationParams: { prompt: 'consent' },
  }
}

import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Duende IdentityServer. */
export interface IdentityServerOptions {
  /** The issuer, as the server says it: `'https://id.example.com'`, no slash at its end. */
  readonly url: string
  /** The client id. */
  readonly clientId: string
}

/**
 * Duende IdentityServer, for a client. Its access tokens are those of RFC 9068 (`at+jwt`). An entry of `resources` may name its API by
 * `resource`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is no URL
 */
export function identityServer({ url, clientId }: IdentityServerOptions): ClientPreset {
  return {
    issuer: baseUrl('identityServer.url', url),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['resource'],
  }
}

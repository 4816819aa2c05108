import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Duende IdentityServer. */
export interface IdentityServerOptions {
  /** The issuer, as in the server's metadata: `'https://id.example.com'`, without a slash at its end. */
  readonly url: string
  /** The client id. */
  readonly clientId: string
}

/**
 * Duende IdentityServer, for a client. Its access tokens follow RFC 9068 (`at+jwt`), which is the guard's default. An entry of `resources` may
 * name its API by `resource`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL
 */
export function identityServer({ url, clientId }: IdentityServerOptions): ClientPreset {
  return {
    issuer: baseUrl('identityServer.url', url),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['resource'],
  }
}

import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Better Auth with the plugin `@better-auth/oauth-provider`. */
export interface BetterAuthOptions {
  /** Where Better Auth is, with its `basePath`: `'https://app.example.com/api/auth'`. It is the issuer. */
  readonly url: string
  /** The client id. */
  readonly clientId: string
}

/**
 * Better Auth as an authorization server. An entry of `resources` names its API by `resource`. The access token is then a JWT (RFC 9068), and
 * the guard's `issuer` is the URL itself.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL
 */
export function betterAuth({ url, clientId }: BetterAuthOptions): ClientPreset {
  return {
    issuer: baseUrl('betterAuth.url', url),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: ['resource'],
  }
}

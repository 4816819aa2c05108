import { baseUrl, pathSegment } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of authentik. */
export interface AuthentikOptions {
  /** Where authentik is: `'https://id.example.com'`. */
  readonly url: string
  /** The slug of the application: each has an issuer of its own, in the provider's default issuer mode. */
  readonly application: string
  /** The client id of the provider. */
  readonly clientId: string
}

/**
 * authentik, for a client. Its access tokens are JWTs with the client id as `aud`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is no URL, or `application` cannot be part of one
 */
export function authentik({ url, application, clientId }: AuthentikOptions): ClientPreset {
  const place = `application/o/${pathSegment('authentik.application', application)}/`
  return {
    issuer: `${baseUrl('authentik.url', url)}/${place}`,
    clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of ZITADEL. */
export interface ZitadelOptions {
  /** The instance, or its custom domain: `'https://example-a1b2c3.zitadel.cloud'`. */
  readonly url: string
  /** The client id of the application. */
  readonly clientId: string
}

/**
 * ZITADEL, for a client. An API is put into `aud` by the scope `urn:zitadel:iam:org:project:id:{project}:aud`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is no URL
 */
export function zitadel({ url, clientId }: ZitadelOptions): ClientPreset {
  return {
    issuer: baseUrl('zitadel.url', url),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

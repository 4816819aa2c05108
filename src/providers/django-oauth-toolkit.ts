import { metadataFrom } from '../manager/metadata-from.ts'
import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Django OAuth Toolkit. */
export interface DjangoOauthToolkitOptions {
  /** Where its URLs are included: `'https://app.example.com/o'`. It is the issuer, unless `OIDC_ISS_ENDPOINT` is another one. */
  readonly url: string
  /** The client id of the application. */
  readonly clientId: string
}

/**
 * Django OAuth Toolkit with OpenID Connect. The path of its metadata ends with a slash, and its metadata leaves out the revocation endpoint.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL
 */
export function djangoOauthToolkit({ url, clientId }: DjangoOauthToolkitOptions): ClientPreset {
  const issuer = baseUrl('djangoOauthToolkit.url', url)
  return {
    issuer,
    clientId,
    metadata: metadataFrom({
      url: `${issuer}/.well-known/openid-configuration/`,
      overrides: { revocation_endpoint: `${issuer}/revoke_token/` },
    }),
    scope: 'openid',
    resourceParameters: [],
  }
}

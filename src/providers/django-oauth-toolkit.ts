import { metadataFrom } from '../manager/metadata-from.ts'
import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Django OAuth Toolkit. */
export interface DjangoOauthToolkitOptions {
  /** Where its URLs are included: `'https://app.example.com/o'`. It is the issuer, unless `OIDC_ISS_ENDPOINT` says another one. */
  readonly url: string
  /** The client id of the application. */
  readonly clientId: string
}

/**
 * Django OAuth Toolkit with OpenID Connect. Its metadata are at a path with a slash at its end, and leave out where tokens are revoked.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is no URL
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

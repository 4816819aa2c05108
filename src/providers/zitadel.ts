import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'
import { zitadelApi } from './zitadel-api.ts'

/** A client of ZITADEL. */
export interface ZitadelOptions {
  /** The instance, or its custom domain: `'https://example-a1b2c3.zitadel.cloud'`. */
  readonly url: string
  /** The client id of the application. */
  readonly clientId: string
}

function zitadelClient({ url, clientId }: ZitadelOptions): ClientPreset {
  return {
    issuer: baseUrl('zitadel.url', url),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

/**
 * ZITADEL. `zitadel({ url, clientId })` is for the client, `zitadel.api({ url })` for the API. The scope
 * `urn:zitadel:iam:org:project:id:{project}:aud` puts an API into `aud`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL
 */
export const zitadel: typeof zitadelClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof zitadelApi
} = /* @__PURE__ */ Object.assign(zitadelClient, { api: zitadelApi })

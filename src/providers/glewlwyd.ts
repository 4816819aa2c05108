import { metadataFrom } from '../manager/metadata-from.ts'
import { baseUrl } from './checked.ts'
import { glewlwydApi } from './glewlwyd-api.ts'
import type { ClientPreset } from './preset.ts'

/** A public client of Glewlwyd. */
export interface GlewlwydOptions {
  /** The issuer, as in its OpenID Connect plugin: `'https://id.example.com/api/oidc'`. */
  readonly issuer: string
  /** The client id. */
  readonly clientId: string
}

function glewlwydClient({ issuer, clientId }: GlewlwydOptions): ClientPreset {
  baseUrl('glewlwyd.issuer', issuer)
  return {
    issuer,
    clientId,
    metadata: metadataFrom({ overrides: { revocation_endpoint: null } }),
    scope: 'openid',
    resourceParameters: ['resource'],
  }
}

/**
 * Glewlwyd. `glewlwyd({ issuer, clientId })` is for a client without a secret, `glewlwyd.api({ issuer })` for the API. Glewlwyd does not revoke
 * tokens of such a client, so it is not asked to.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is not a URL
 */
export const glewlwyd: typeof glewlwydClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof glewlwydApi
} = /* @__PURE__ */ Object.assign(glewlwydClient, { api: glewlwydApi })

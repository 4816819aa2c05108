import { metadataFrom } from '../manager/metadata-from.ts'
import { guid, pathSegment } from './checked.ts'
import { entraB2cApi } from './entra-b2c-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Azure AD B2C. */
export interface EntraB2cOptions {
  /** The tenant's name: `'contoso'` of `contoso.onmicrosoft.com`. */
  readonly tenant: string
  /** The directory (tenant) id, a GUID. It is part of the issuer. */
  readonly tenantId: string
  /** The user flow or custom policy: `'B2C_1_signin'`. */
  readonly policy: string
  /** The application (client) id. */
  readonly clientId: string
}

function entraB2cClient({ tenant, tenantId, policy, clientId }: EntraB2cOptions): ClientPreset {
  const name = pathSegment('entraB2c.tenant', tenant)
  const origin = `https://${name}.b2clogin.com`
  const place = `${name}.onmicrosoft.com/${pathSegment('entraB2c.policy', policy)}`
  return {
    issuer: `${origin}/${guid('entraB2c.tenantId', tenantId)}/v2.0/`,
    metadata: metadataFrom({ url: `${origin}/${place}/v2.0/.well-known/openid-configuration` }),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

/**
 * Azure AD B2C. `entraB2c({ tenant, tenantId, policy, clientId })` is for the client, `entraB2c.api({ tenant, tenantId, policy })` for the
 * API. Each policy has its own metadata, and its URL is not below the issuer. There is an access token only for the scope of an API, or for
 * the client id itself as a scope: put one into `scope`, or into the entries of `resources`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `tenantId` is not a GUID, or a name cannot be part of a URL
 */
export const entraB2c: typeof entraB2cClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof entraB2cApi
} = /* @__PURE__ */ Object.assign(entraB2cClient, { api: entraB2cApi })

import { pathSegment } from './checked.ts'
import { entraApi } from './entra-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Microsoft Entra ID. */
export interface EntraOptions {
  /** The directory (tenant) id, a GUID, as the issuer spells it. */
  readonly tenant: string
  /** The application (client) id. */
  readonly clientId: string
}

function entraClient({ tenant, clientId }: EntraOptions): ClientPreset {
  return {
    issuer: entraIssuer(tenant),
    clientId,
    scope: 'openid offline_access',
  }
}

function entraIssuer(tenant: string): string {
  return `https://login.microsoftonline.com/${pathSegment('entra.tenant', tenant)}/v2.0`
}

/**
 * Microsoft Entra ID. `entra({ tenant, clientId })` is for the client, `entra.api({ tenant })` for the API.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `tenant` cannot be part of a path
 */
export const entra: typeof entraClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof entraApi
} = /* @__PURE__ */ Object.assign(entraClient, { api: entraApi })

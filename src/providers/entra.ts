import { pathSegment } from './checked.ts'
import type { ApiPreset, ClientPreset } from './preset.ts'

/** Whose tokens an API behind Microsoft Entra ID takes. */
export interface EntraApiOptions {
  /** The directory (tenant) id, a GUID, as the issuer spells it. */
  readonly tenant: string
}

/** A client of Microsoft Entra ID. */
export interface EntraOptions extends EntraApiOptions {
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

function entraApi({ tenant }: EntraApiOptions): ApiPreset {
  return { issuer: entraIssuer(tenant) }
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

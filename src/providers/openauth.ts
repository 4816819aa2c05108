import { baseUrl } from './checked.ts'
import { openauthApi } from './openauth-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of OpenAuth. */
export interface OpenauthOptions {
  /** The issuer: the origin of OpenAuth, without a slash at its end. */
  readonly issuer: string
  /** The client id. */
  readonly clientId: string
}

function openauthClient({ issuer, clientId }: OpenauthOptions): ClientPreset {
  baseUrl('openauth.issuer', issuer)
  return { issuer, clientId, resourceParameters: [] }
}

/**
 * OpenAuth (`@openauthjs/openauth`). `openauth({ issuer, clientId })` is for the client, `openauth.api({ issuer })` for the API. It has no
 * scopes and no ID tokens.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is not a URL
 */
export const openauth: typeof openauthClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof openauthApi
} = /* @__PURE__ */ Object.assign(openauthClient, { api: openauthApi })

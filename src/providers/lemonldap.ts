import { baseUrl } from './checked.ts'
import { lemonldapApi } from './lemonldap-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of LemonLDAP::NG. */
export interface LemonldapOptions {
  /** The issuer, with or without a slash at its end, exactly as in the metadata. Usually it is the URL of the portal. */
  readonly issuer: string
  /** The client id of the relying party. */
  readonly clientId: string
}

function lemonldapClient({ issuer, clientId }: LemonldapOptions): ClientPreset {
  baseUrl('lemonldap.issuer', issuer)
  return { issuer, clientId, scope: 'openid', resourceParameters: [] }
}

/**
 * LemonLDAP::NG. `lemonldap({ issuer, clientId })` is for the client, `lemonldap.api({ issuer })` for the API.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is not a URL
 */
export const lemonldap: typeof lemonldapClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof lemonldapApi
} = /* @__PURE__ */ Object.assign(lemonldapClient, { api: lemonldapApi })

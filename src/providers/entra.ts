import { metadataFrom } from '../manager/metadata-from.ts'
import { directory } from './checked.ts'
import { entraApi } from './entra-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Microsoft Entra ID. */
export interface EntraOptions {
  /**
   * The directory (tenant) id, a GUID; an issuer never has the directory's name. If the app is registered for several directories, who may
   * sign in: `'organizations'`, `'consumers'` (personal accounts), or `'common'` (both).
   */
  readonly tenant: string
  /** The application (client) id. */
  readonly clientId: string
}

const LOGIN = 'https://login.microsoftonline.com'
/** The directory of all personal accounts. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
/** In characters. The whole URL is then shorter than 2,000 characters. */
const LONGEST_HINT = 1_500

function entraClient({ tenant, clientId }: EntraOptions): ClientPreset {
  directory('entra.tenant', tenant)
  const isShared = tenant === 'common' || tenant === 'organizations'
  const issuer = tenant === 'consumers' ? CONSUMERS : tenant
  const shared: ClientPreset = {
    issuer: `${LOGIN}/{tenantid}/v2.0`,
    metadata: metadataFrom({ url: `${LOGIN}/${tenant}/v2.0/.well-known/openid-configuration` }),
    clientId,
  }
  return {
    ...(isShared ? shared : { issuer: `${LOGIN}/${issuer}/v2.0`, clientId }),
    scope: 'openid offline_access',
    resourceParameters: [],
    endSessionParams,
  }
}

/** Leaves a long ID token out of the logout, which Entra ID then answers with an error (AADSTS90015). It knows the session by its own cookie. */
const endSessionParams: NonNullable<ClientPreset['endSessionParams']> = ({ id_token_hint, ...rest }) => {
  const isShort = id_token_hint !== undefined && id_token_hint.length <= LONGEST_HINT
  return isShort ? { ...rest, id_token_hint } : rest
}

/**
 * Microsoft Entra ID. `entra({ tenant, clientId })` is for the client, `entra.api({ tenant })` for the API. An entry of `resources` names
 * its API by `scope`, such as `api://notes/read`. It must not have `resource`, which Entra ID refuses.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `tenant` is neither a GUID nor one of the three words
 */
export const entra: typeof entraClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof entraApi
} = /* @__PURE__ */ Object.assign(entraClient, { api: entraApi })

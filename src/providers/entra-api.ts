import { pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind Microsoft Entra ID takes: those of one `tenant`, or of several `tenants`; one of the two is needed. */
export interface EntraApiOptions {
  /** The directory (tenant) id, a GUID, as the issuer spells it. Not looked at with `tenants`. */
  readonly tenant?: string
  /** Of an API that many directories use: which of them count, a list of ids or a function. There is no "all" by default. */
  readonly tenants?: readonly string[] | ((tenant: string) => boolean)
  /**
   * The version of its access tokens, `requestedAccessTokenVersion` in the API's manifest. Default 2: `aud` is the API's client id. With 1
   * it is its application id URI, `api://…`.
   */
  readonly version?: 1 | 2
}

const login = 'https://login.microsoftonline.com'

/** The guard's half of the preset. */
export function entraApi({ tenant, tenants, version = 2 }: EntraApiOptions): ApiPreset {
  const directory = tenants ? '{tenantid}' : pathSegment('entra.tenant', tenant as string)
  const keysOf = tenants ? 'common' : directory
  const place =
    version === 2
      ? { issuer: `${login}/${directory}/v2.0`, jwksUri: `${login}/${keysOf}/discovery/v2.0/keys` }
      : { issuer: `https://sts.windows.net/${directory}/`, jwksUri: `${login}/${keysOf}/discovery/keys` }
  return {
    ...place,
    ...(tenants && { tenants }),
    types: ['JWT'],
    // Its ID tokens have neither of azp and appid.
    claims: { client: version === 2 ? 'azp' : 'appid', id: 'uti', scope: 'scp' },
    subjectKind: ({ idtyp, scope }) => {
      if (idtyp === 'app') return 'client'
      // Only what a person delegated has a scope; what an application may do itself is in roles.
      return scope ? 'user' : undefined
    },
  }
}

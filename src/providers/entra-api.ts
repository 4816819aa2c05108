import { TokenManagerError } from '../errors.ts'
import type { AccessTokenClaims } from '../resource-server/access-token-claims.ts'
import type { SubjectKind } from '../resource-server/subject-kind.ts'
import { guid } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind Microsoft Entra ID takes: those of one `tenant`, or of several `tenants`; one of the two is needed. */
export interface EntraApiOptions {
  /** The directory (tenant) id, a GUID, as the issuer spells it. Not together with `tenants`. */
  readonly tenant?: string
  /** Of an API that many directories use: which of them count, a list of ids or a function. There is no "all" by default. */
  readonly tenants?: readonly string[] | ((tenant: string) => boolean)
  /**
   * The version of its access tokens, `requestedAccessTokenVersion` in the API's manifest. Default 2: `aud` is the API's client id. With 1
   * it is its application id URI, `api://…`.
   */
  readonly version?: 1 | 2
}

const LOGIN = 'https://login.microsoftonline.com'

/** The guard's half of the preset. */
export function entraApi({ tenant, tenants, version = 2 }: EntraApiOptions): ApiPreset {
  if ((tenant === undefined) === (tenants === undefined)) throw oneOfTwo(tenant !== undefined)

  const directory = tenant === undefined ? '{tenantid}' : guid('entra.tenant', tenant)
  const keysOf = tenant === undefined ? 'common' : directory
  const place =
    version === 2
      ? { issuer: `${LOGIN}/${directory}/v2.0`, jwksUri: `${LOGIN}/${keysOf}/discovery/v2.0/keys` }
      : { issuer: `https://sts.windows.net/${directory}/`, jwksUri: `${LOGIN}/${keysOf}/discovery/keys` }
  return {
    ...place,
    ...(tenants !== undefined && { tenants }),
    types: ['JWT'],
    // Its ID tokens have neither of azp and appid.
    claims: { client: version === 2 ? 'azp' : 'appid', id: 'uti', scope: 'scp' },
    subjectKind: entraSubjectKind,
  }
}

/** Whom tokens of Entra ID and of Azure AD B2C are about. */
export function entraSubjectKind({ idtyp, scope }: AccessTokenClaims): SubjectKind | undefined {
  if (idtyp === 'app') return 'client'
  // Only what a person delegated has a scope; what an application may do itself is in roles.
  return scope ? 'user' : undefined
}

function oneOfTwo(areBoth: boolean): TokenManagerError {
  const what = areBoth ? 'both are' : 'neither is'
  const message = `Option entra.tenant names one directory, entra.tenants says which of many count; ${what} given, one is needed`
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', message)
}

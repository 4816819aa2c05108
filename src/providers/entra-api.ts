import { TokenManagerError } from '../errors.ts'
import type { AccessTokenClaims } from '../resource-server/access-token-claims.ts'
import type { SubjectKind } from '../resource-server/subject-kind.ts'
import { guid } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The Microsoft Entra ID directories whose access tokens an API accepts: one `tenant`, or several `tenants`. One of the two is needed. */
export interface EntraApiOptions {
  /** The directory (tenant) id, a GUID, spelled as in the issuer. Not together with `tenants`. */
  readonly tenant?: string
  /** The directories that may use an API of many directories: a list of ids, or a function. There is no default that accepts all. */
  readonly tenants?: readonly string[] | ((tenant: string) => boolean)
  /**
   * The version of the access tokens: `requestedAccessTokenVersion` in the API's manifest. Default 2: `aud` is the API's client id. With 1,
   * `aud` is its application id URI, `api://…`.
   */
  readonly version?: 1 | 2
}

const LOGIN = 'https://login.microsoftonline.com'

/** The part of the preset for the guard. */
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
    // ID tokens have neither azp nor appid.
    claims: { client: version === 2 ? 'azp' : 'appid', id: 'uti', scope: 'scp' },
    subjectKind: entraSubjectKind,
  }
}

/** Whether a token of Entra ID or Azure AD B2C is about a person or a client. */
export function entraSubjectKind({ idtyp, scope }: AccessTokenClaims): SubjectKind | undefined {
  if (idtyp === 'app') return 'client'
  // Only tokens about a person have a scope. What an application may do itself is in roles.
  return scope ? 'user' : undefined
}

function oneOfTwo(areBoth: boolean): TokenManagerError {
  const what = areBoth ? 'both are' : 'neither is'
  const message = `Option entra.tenant names one directory, and entra.tenants several: ${what} given, and one of them is needed`
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', message)
}

import { guid, pathSegment } from './checked.ts'
import { entraSubjectKind } from './entra-api.ts'
import { type ApiPreset, refusedBesideNonce } from './preset.ts'

/**
 * Whose tokens an API behind Azure AD B2C takes: those of all policies of the directory, which have one issuer. `requiredValues: { tfp:
 * 'B2C_1_signin' }` beside the preset takes those of one policy alone; custom policies may have `acr` in place of `tfp`.
 */
export interface EntraB2cApiOptions {
  /** The tenant's name: `'contoso'` of `contoso.onmicrosoft.com`. */
  readonly tenant: string
  /** The directory (tenant) id, a GUID: it is in the issuer. */
  readonly tenantId: string
  /** The user flow or custom policy whose keys are fetched: `'B2C_1_signin'`. */
  readonly policy: string
}

/** The guard's half of the preset. */
export function entraB2cApi({ tenant, tenantId, policy }: EntraB2cApiOptions): ApiPreset {
  const name = pathSegment('entraB2c.tenant', tenant)
  const origin = `https://${name}.b2clogin.com`
  const place = `${name}.onmicrosoft.com/${pathSegment('entraB2c.policy', policy)}`
  return {
    issuer: `${origin}/${guid('entraB2c.tenantId', tenantId)}/v2.0/`,
    jwksUri: `${origin}/${place}/discovery/v2.0/keys`,
    types: ['JWT'],
    // Its ID tokens have neither of azp and scp. Its access tokens have the nonce of the sign-in.
    claims: { client: 'azp', id: false, scope: 'scp', session: false },
    refusedClaims: refusedBesideNonce,
    subjectKind: entraSubjectKind,
  }
}

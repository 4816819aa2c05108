import { guid, pathSegment } from './checked.ts'
import { entraSubjectKind } from './entra-api.ts'
import { type ApiPreset, refusedBesideNonce } from './preset.ts'

/**
 * The Azure AD B2C directory whose access tokens an API accepts. All policies of a directory have the same issuer, so all are accepted. For
 * one policy only, add `requiredValues: { tfp: 'B2C_1_signin' }` beside the preset. Custom policies may have `acr` in place of `tfp`.
 */
export interface EntraB2cApiOptions {
  /** The tenant's name: `'contoso'` of `contoso.onmicrosoft.com`. */
  readonly tenant: string
  /** The directory (tenant) id, a GUID. It is part of the issuer. */
  readonly tenantId: string
  /** The user flow or custom policy whose keys are loaded: `'B2C_1_signin'`. */
  readonly policy: string
}

/** The part of the preset for the guard. */
export function entraB2cApi({ tenant, tenantId, policy }: EntraB2cApiOptions): ApiPreset {
  const name = pathSegment('entraB2c.tenant', tenant)
  const origin = `https://${name}.b2clogin.com`
  const place = `${name}.onmicrosoft.com/${pathSegment('entraB2c.policy', policy)}`
  return {
    issuer: `${origin}/${guid('entraB2c.tenantId', tenantId)}/v2.0/`,
    jwksUri: `${origin}/${place}/discovery/v2.0/keys`,
    types: ['JWT'],
    // Only access tokens have azp and scp. They also have the nonce of the sign-in.
    claims: { client: 'azp', id: false, scope: 'scp', session: false },
    refusedClaims: refusedBesideNonce,
    subjectKind: entraSubjectKind,
  }
}

import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The OpenAuth issuer whose access tokens an API accepts. Their `aud` is the client id, so the guard's `audience` is the client ids that may call it. */
export interface OpenauthApiOptions {
  /** The issuer: the origin of OpenAuth, without a slash at its end. */
  readonly issuer: string
}

/** The part of the preset for the guard. */
export function openauthApi({ issuer }: OpenauthApiOptions): ApiPreset {
  baseUrl('openauth.issuer', issuer)
  return {
    issuer,
    types: ['JWT'],
    claims: { client: 'aud', id: false, session: false },
    // They have no iat. All other tokens of OpenAuth are opaque.
    requiredClaims: ['sub', 'client_id', 'mode'],
  }
}

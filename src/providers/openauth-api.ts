import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind OpenAuth takes. Their `aud` is the client id, so the guard's `audience` is the client ids that may call the API. */
export interface OpenauthApiOptions {
  /** Where OpenAuth is: its issuer, an origin without a slash at its end. */
  readonly issuer: string
}

/** The guard's half of the preset. */
export function openauthApi({ issuer }: OpenauthApiOptions): ApiPreset {
  baseUrl('openauth.issuer', issuer)
  return {
    issuer,
    types: ['JWT'],
    claims: { client: 'aud', id: false, session: false },
    // There is no iat. Its only other tokens are opaque.
    requiredClaims: ['sub', 'client_id', 'mode'],
  }
}

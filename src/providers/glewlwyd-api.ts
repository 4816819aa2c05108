import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * Whose tokens an API behind Glewlwyd takes. Their `aud` is the API where the client named it by `resource`, and the text of the scope
 * where it did not.
 */
export interface GlewlwydApiOptions {
  /** The issuer, as its OpenID Connect plugin has it: `'https://id.example.com/api/oidc'`. */
  readonly issuer: string
}

/** The guard's half of the preset. */
export function glewlwydApi({ issuer }: GlewlwydApiOptions): ApiPreset {
  baseUrl('glewlwyd.issuer', issuer)
  return {
    issuer,
    claims: { session: false },
    // What a client gets for itself has its client_id as sub.
    subjectKind: 'not_the_client',
  }
}

import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * The Glewlwyd server whose access tokens an API accepts. Their `aud` is the API if the client named it by `resource`, otherwise the text of
 * the scope.
 */
export interface GlewlwydApiOptions {
  /** The issuer, as in its OpenID Connect plugin: `'https://id.example.com/api/oidc'`. */
  readonly issuer: string
}

/** The part of the preset for the guard. */
export function glewlwydApi({ issuer }: GlewlwydApiOptions): ApiPreset {
  baseUrl('glewlwyd.issuer', issuer)
  return {
    issuer,
    claims: { session: false },
    // A token that a client got for itself has the client_id as sub.
    subjectKind: 'not_the_client',
  }
}

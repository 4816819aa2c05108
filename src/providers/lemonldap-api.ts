import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * Whose tokens an API behind LemonLDAP::NG takes, with access tokens as JWTs. Their `aud` is the client id, so the guard's `audience` is
 * the client ids that may call the API.
 */
export interface LemonldapApiOptions {
  /** The issuer; a slash at its end counts. */
  readonly issuer: string
}

/** The guard's half of the preset. */
export function lemonldapApi({ issuer }: LemonldapApiOptions): ApiPreset {
  baseUrl('lemonldap.issuer', issuer)
  return {
    issuer,
    // Its ID tokens have no client_id, which its access tokens have to have.
    types: ['JWT', 'at+jwt'],
    claims: { session: false },
    // What a client gets for itself has null as sub, and is refused.
    subjectKind: 'not_the_client',
  }
}

import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * The LemonLDAP::NG portal whose access tokens an API accepts. They have to be JWTs. Their `aud` is the client id, so the guard's `audience` is
 * the client ids that may call the API.
 */
export interface LemonldapApiOptions {
  /** The issuer, with or without a slash at its end, exactly as in the metadata. */
  readonly issuer: string
}

/** The part of the preset for the guard. */
export function lemonldapApi({ issuer }: LemonldapApiOptions): ApiPreset {
  baseUrl('lemonldap.issuer', issuer)
  return {
    issuer,
    // ID tokens of the same type are refused, because they have no client_id.
    types: ['JWT', 'at+jwt'],
    claims: { session: false },
    // A token that a client got for itself has null as sub, and is refused.
    subjectKind: 'not_the_client',
  }
}

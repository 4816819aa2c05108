import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The Ory Hydra server whose access tokens an API accepts. Its access token strategy has to be `jwt`. */
export interface HydraApiOptions {
  /** The issuer, exactly as in `urls.self.issuer`, with or without a slash at its end. */
  readonly issuer: string
}

/** The part of the preset for the guard. */
export function hydraApi({ issuer }: HydraApiOptions): ApiPreset {
  baseUrl('hydra.issuer', issuer)
  return {
    issuer,
    types: ['JWT', 'at+jwt'],
    claims: { scope: 'scp', session: false },
    // A token that a client got for itself has the client_id as sub.
    subjectKind: 'not_the_client',
    // Its logout tokens have the type JWT, those of older versions none. They name the sign-in only, which its ID tokens name too.
    logout: { types: ['logout+jwt', 'JWT', undefined], withoutExpiry: true },
  }
}

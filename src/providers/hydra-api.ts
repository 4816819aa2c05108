import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind Ory Hydra takes, with the access token strategy `jwt`. */
export interface HydraApiOptions {
  /** The issuer, as `urls.self.issuer` has it; a slash at its end counts. */
  readonly issuer: string
}

/** The guard's half of the preset. */
export function hydraApi({ issuer }: HydraApiOptions): ApiPreset {
  baseUrl('hydra.issuer', issuer)
  return {
    issuer,
    types: ['JWT', 'at+jwt'],
    claims: { scope: 'scp', session: false },
    // What a client gets for itself has its client_id as sub.
    subjectKind: 'not_the_client',
    // Its logout tokens have the type JWT, those of older versions none. They name the sign-in only, which its ID tokens name too.
    logout: { types: ['logout+jwt', 'JWT', undefined], withoutExpiry: true },
  }
}

import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * Whose tokens an API behind ZITADEL takes, with the auth token type JWT. The guard's `audience` is the id of the API's project. They
 * have no scope, and do not show whether they are about a person: policies with `scope` or `subject: 'user'` refuse them all. What they
 * allow is in the claim `urn:zitadel:iam:org:project:roles`.
 */
export interface ZitadelApiOptions {
  /** The instance, or its custom domain: `'https://example-a1b2c3.zitadel.cloud'`. */
  readonly url: string
}

/** The guard's half of the preset. */
export function zitadelApi({ url }: ZitadelApiOptions): ApiPreset {
  return {
    issuer: baseUrl('zitadel.url', url),
    // Older versions name no type.
    types: ['JWT', undefined],
    // Its ID tokens have the same aud and client_id, and no jti.
    claims: { session: false },
    requiredClaims: ['sub', 'client_id', 'iat', 'jti'],
  }
}

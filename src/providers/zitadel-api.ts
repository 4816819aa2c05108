import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * The ZITADEL instance whose access tokens an API accepts. Their auth token type has to be JWT. The guard's `audience` is the id of the API's
 * project. They have no scope, and do not show whether they are about a person, so policies with `scope` or `subject: 'user'` refuse them
 * all. The claim `urn:zitadel:iam:org:project:roles` says what they allow.
 */
export interface ZitadelApiOptions {
  /** The instance, or its custom domain: `'https://example-a1b2c3.zitadel.cloud'`. */
  readonly url: string
}

/** The part of the preset for the guard. */
export function zitadelApi({ url }: ZitadelApiOptions): ApiPreset {
  return {
    issuer: baseUrl('zitadel.url', url),
    // Older versions name no type.
    types: ['JWT', undefined],
    // ID tokens have the same aud and client_id, but no jti.
    claims: { session: false },
    requiredClaims: ['sub', 'client_id', 'iat', 'jti'],
  }
}

import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The Logto tenant whose access tokens an API accepts. The guard's `audience` is the indicator of the API resource. */
export interface LogtoApiOptions {
  /** The endpoint of the tenant: `'https://example.logto.app'`, or its custom domain. */
  readonly url: string
}

/** The issuer, for the client and for the API. */
export function logtoIssuer({ url }: LogtoApiOptions): string {
  return `${baseUrl('logto.url', url)}/oidc`
}

/** The part of the preset for the guard: RFC 9068, and clients have their `client_id` as `sub`. */
export function logtoApi({ url }: LogtoApiOptions): ApiPreset {
  return {
    issuer: logtoIssuer({ url }),
    claims: { session: false },
    subjectKind: 'not_the_client',
  }
}

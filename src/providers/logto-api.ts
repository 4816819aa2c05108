import { baseUrl } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind Logto takes. The guard's `audience` is the indicator of the API resource. */
export interface LogtoApiOptions {
  /** The endpoint of the tenant: `'https://example.logto.app'`, or its custom domain. */
  readonly url: string
}

/** The issuer of client and API. */
export function logtoIssuer({ url }: LogtoApiOptions): string {
  return `${baseUrl('logto.url', url)}/oidc`
}

/** The guard's half of the preset: RFC 9068, with clients that have their `client_id` as `sub`. */
export function logtoApi({ url }: LogtoApiOptions): ApiPreset {
  return {
    issuer: logtoIssuer({ url }),
    claims: { session: false },
    subjectKind: 'not_the_client',
  }
}

import { pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * Whose tokens an API behind Supabase Auth as an OAuth 2.1 server takes: those that an OAuth client got, which name it. The guard's
 * `audience` is `'authenticated'`, as all tokens of a project have it.
 */
export interface SupabaseApiOptions {
  /** The reference of the project: `'abcdefghijklmnopqrst'`. */
  readonly project: string
}

/** The issuer of client and API. */
export function supabaseIssuer({ project }: SupabaseApiOptions): string {
  return `https://${pathSegment('supabase.project', project)}.supabase.co/auth/v1`
}

/** The guard's half of the preset. */
export function supabaseApi({ project }: SupabaseApiOptions): ApiPreset {
  const issuer = supabaseIssuer({ project })
  return {
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    types: ['JWT'],
    claims: { id: false, session: 'session_id' },
    // Its ID tokens name the client as well, but no session.
    requiredClaims: ['sub', 'client_id', 'iat', 'sid'],
    // There are no tokens that a client gets for itself. An anonymous user does not count as a person.
    subjectKind: ({ role, is_anonymous }) => {
      if (role === 'service_role') return 'client'
      return is_anonymous === true ? undefined : 'user'
    },
  }
}

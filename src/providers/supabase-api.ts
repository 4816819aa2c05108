import { pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * The Supabase project whose access tokens an API accepts: those that an OAuth client got from its OAuth 2.1 server. They name that client. The
 * guard's `audience` is `'authenticated'`, which all tokens of a project have.
 */
export interface SupabaseApiOptions {
  /** The reference of the project: `'abcdefghijklmnopqrst'`. */
  readonly project: string
}

/** The issuer, for the client and for the API. */
export function supabaseIssuer({ project }: SupabaseApiOptions): string {
  return `https://${pathSegment('supabase.project', project)}.supabase.co/auth/v1`
}

/** The part of the preset for the guard. */
export function supabaseApi({ project }: SupabaseApiOptions): ApiPreset {
  const issuer = supabaseIssuer({ project })
  return {
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    types: ['JWT'],
    claims: { id: false, session: 'session_id' },
    // ID tokens also name the client, but no session.
    requiredClaims: ['sub', 'client_id', 'iat', 'sid'],
    // No client gets a token for itself. An anonymous user does not count as a person.
    subjectKind: ({ role, is_anonymous }) => {
      if (role === 'service_role') return 'client'
      return is_anonymous === true ? undefined : 'user'
    },
  }
}

import { pathSegment } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Supabase Auth as an OAuth server. */
export interface SupabaseOptions {
  /** The reference of the project: `'abcdefghijklmnopqrst'`. */
  readonly project: string
  /** The client id of the OAuth app. */
  readonly clientId: string
}

/**
 * Supabase Auth as an OAuth 2.1 server, for a client of it: the project has to have that server switched on. It is not for what `supabase-js`
 * signs in, which is no OAuth. Scope grants nothing there.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `project` cannot be part of a URL
 */
export function supabase({ project, clientId }: SupabaseOptions): ClientPreset {
  return {
    issuer: `https://${pathSegment('supabase.project', project)}.supabase.co/auth/v1`,
    clientId,
    scope: 'openid',
    resourceParameters: [],
  }
}

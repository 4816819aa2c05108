import type { ClientPreset } from './preset.ts'
import { supabaseApi, supabaseIssuer } from './supabase-api.ts'

/** A client of Supabase Auth as an OAuth server. */
export interface SupabaseOptions {
  /** The reference of the project: `'abcdefghijklmnopqrst'`. */
  readonly project: string
  /** The client id of the OAuth app. */
  readonly clientId: string
}

function supabaseClient({ project, clientId }: SupabaseOptions): ClientPreset {
  return {
    issuer: supabaseIssuer({ project }),
    clientId,
    scope: 'openid',
    resourceParameters: [],
  }
}

/**
 * Supabase Auth as an OAuth 2.1 server: the project has to have that server switched on. `supabase({ project, clientId })` is for a client
 * of it, `supabase.api({ project })` for an API. It is not for what `supabase-js` signs in, which is no OAuth. Scope grants nothing there.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `project` cannot be part of a URL
 */
export const supabase: typeof supabaseClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof supabaseApi
} = /* @__PURE__ */ Object.assign(supabaseClient, { api: supabaseApi })

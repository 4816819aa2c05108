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
 * Supabase Auth as an OAuth 2.1 server, which has to be switched on for the project. `supabase({ project, clientId })` is for a client of that
 * server, `supabase.api({ project })` for an API. It is not for sign-ins with `supabase-js`, because those are not OAuth. Its scopes grant nothing.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `project` cannot be part of a URL
 */
export const supabase: typeof supabaseClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof supabaseApi
} = /* @__PURE__ */ Object.assign(supabaseClient, { api: supabaseApi })

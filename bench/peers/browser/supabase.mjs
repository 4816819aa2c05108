import { AuthClient } from '@supabase/auth-js'

const { origin } = location
let auth
/** Whatever else a variant is made with. */
const settings = {}

export const variant = (more) => Object.assign(settings, more)
export const name = 'supabase auth-js'

/** Puts a session where a sign-in of this version would have left it. */
export async function begin({ accessToken, refreshToken, expiresAt }) {
  const session = {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'bearer',
    expires_in: 3600,
    expires_at: Math.floor(expiresAt / 1000),
    user: { id: 'alice', aud: 'authenticated', app_metadata: {}, user_metadata: {}, created_at: '' },
  }
  localStorage.setItem('supabase.auth.token', JSON.stringify(session))
  open()
}

export function open() {
  auth = new AuthClient({
    url: `${origin}/auth/v1`,
    storageKey: 'supabase.auth.token',
    autoRefreshToken: false,
    detectSessionInUrl: false,
    ...settings,
  })
}

export async function token() {
  const { data, error } = await auth.getSession()
  if (error) throw error
  return data.session.access_token
}

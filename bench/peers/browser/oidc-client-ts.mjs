import { User, UserManager, WebStorageStateStore } from 'oidc-client-ts'

const { origin } = location
let users

export const name = 'oidc-client-ts'

export async function begin({ accessToken, refreshToken, expiresAt }) {
  open()
  await users.storeUser(
    new User({
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_at: Math.floor(expiresAt / 1000),
      token_type: 'Bearer',
      profile: { sub: 'alice' },
      session_state: null,
    }),
  )
}

export function open() {
  users = new UserManager({
    authority: origin,
    metadata: { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` },
    client_id: 'page',
    redirect_uri: `${origin}/callback`,
    automaticSilentRenew: false,
    userStore: new WebStorageStateStore({ store: localStorage }),
  })
}

export async function token() {
  const user = await users.getUser()
  if (!user?.expired) return user.access_token
  return (await users.signinSilent()).access_token
}

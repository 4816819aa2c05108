import { Auth0Client } from '@auth0/auth0-spa-js'

const { origin } = location
let auth0

export const name = 'auth0-spa-js'

/** Puts a session where a sign-in of this version would have left it. */
export async function begin({ accessToken, refreshToken, idToken, expiresAt }) {
  const claims = JSON.parse(atob(idToken.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
  const scope = 'openid profile email offline_access'
  const names = { audience: 'default', scope, client_id: 'page' }
  const entry = {
    ...names,
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: 3600,
  }
  const expires = Math.floor(expiresAt / 1000)
  localStorage.setItem(`@@auth0spajs@@::page::default::${scope}`, JSON.stringify({ body: entry, expiresAt: expires }))
  const user = { id_token: idToken, decodedToken: { claims, user: { sub: claims.sub }, encoded: {}, header: {} } }
  localStorage.setItem('@@auth0spajs@@::page::@@user@@', JSON.stringify(user))
  open()
}

export function open() {
  auth0 = new Auth0Client({
    domain: origin,
    clientId: 'page',
    useRefreshTokens: true,
    cacheLocation: 'localstorage',
    authorizationParams: { redirect_uri: `${origin}/callback` },
  })
}

export const token = () => auth0.getTokenSilently()

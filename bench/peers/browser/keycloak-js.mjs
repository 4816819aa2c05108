import Keycloak from 'keycloak-js'

let keycloak

export const name = 'keycloak-js'
/** It keeps nothing: every tab signs in for itself, and has a refresh token of its own. */
export const everyTab = true

export async function begin({ accessToken, refreshToken }) {
  keycloak = new Keycloak({ url: location.origin, realm: 'bench', clientId: 'page' })
  await keycloak.init({ token: accessToken, refreshToken, checkLoginIframe: false })
}

export async function token() {
  await keycloak.updateToken(5)
  return keycloak.token
}

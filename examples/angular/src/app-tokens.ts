import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'

const { issuer = '', api = '' } = document.documentElement.dataset

/** Where the notes are. */
export const notesUrl = `${api}/notes`

/** The manager of the app. */
export const tokens = createTokenManager({
  issuer,
  clientId: 'spa',
  redirectUri: '/callback',
  scope: 'openid offline_access notes',
  resources: [`${api}/`],
  [allowInsecureLoopback]: true, // for servers on this machine
})

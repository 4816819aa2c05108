import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'
import { browser } from '$app/environment'

const api = 'https://api.example.com'

/** Where the notes are. */
export const notesUrl = `${api}/notes`

/** The manager of the app. It does nothing without a browser, for example while SvelteKit builds the app. */
export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  ...(browser && { redirectUri: `${location.origin}/callback` }),
  scope: 'openid offline_access notes',
  resources: [`${api}/`],
  [allowInsecureLoopback]: true, // for servers on this machine
})

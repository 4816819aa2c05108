import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'

const issuer = process.env.NEXT_PUBLIC_ISSUER ?? 'https://as.example.com'
const api = process.env.NEXT_PUBLIC_API ?? 'https://api.example.com'

/** Where the notes are. */
export const notesUrl = `${api}/notes`

/** The manager of the app. While a server renders the page, its state is `loading`. */
export const tokens = createTokenManager({
  issuer,
  clientId: 'spa',
  redirectUri: '/callback',
  scope: 'openid offline_access notes',
  resources: [`${api}/`],
  [allowInsecureLoopback]: true, // for servers on this machine
})

import { createTokenManager } from 'tokenward/browser'

export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: '/callback', // on this page's own origin
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'], // the only places a token is ever sent to
})

const on = (id: string, run: () => unknown) => document.querySelector(id)?.addEventListener('click', run)
on('#sign-in', () => tokens.signIn({ returnTo: location.pathname })) // leaves the page
on('#sign-out', () => tokens.signOut()) // ends the session in every tab, then revokes the tokens at the server

const state = await tokens.ready() // loads the stored session; on the redirect URI it first completes the sign-in
if (state.status === 'signedIn') {
  if (location.pathname === '/callback') history.replaceState(null, '', state.session.returnTo ?? '/')
  if (state.health === 'sign_in_suggested') console.warn('Sign in again:', state.cause) // the server asks for a new sign-in: show the button
  const notes = await tokens.fetch('https://api.example.com/notes') // sends a fresh token; if the API refuses it, tries once more with a new one
  console.log(`Notes of ${state.session.subject}:`, await notes.json())
} else if (state.status === 'signedOut' && state.reason === 'sign_in_failed') {
  history.replaceState(null, '', state.returnTo ?? '/')
  console.error(state.error) // the message says what to correct
}

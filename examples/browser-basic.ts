import { createTokenManager } from 'tokenward/browser'

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'], // the only places a token is ever sent to
})

document.querySelector('#sign-out')?.addEventListener('click', async () => {
  await tokens.signOut() // gone here and in every tab, then revoked at the server
})

const state = await tokens.ready() // the stored session; on the redirect URI it first completes the sign-in
if (state.status === 'signedOut') {
  if (state.reason === 'sign_in_failed') throw state.error // say so: starting over would go round in circles
  await tokens.signIn({ returnTo: '/notes' }) // leaves the page; rejects (`sign_in_loop`) if three came back in vain just now
}
if (state.status === 'signedIn' && state.health === 'sign_in_suggested') {
  await tokens.signIn({ returnTo: '/notes' }) // only the person can bring new tokens; `state.cause` says why
}

const notes = await tokens.fetch('https://api.example.com/notes') // fresh token, one retry if the API refuses it
console.log(await notes.json())

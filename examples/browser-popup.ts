import { createTokenManager, popup } from 'tokenward/browser'

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback', // this very program runs there, too
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'],
  userAgent: popup(),
})

document.querySelector('#sign-in')?.addEventListener('click', () => {
  // Call it before any `await`. Otherwise the browser blocks the window.
  tokens.signIn().then(show, (error) => console.log(`not signed in: ${error.reason}`))
})

document.querySelector('#sign-out')?.addEventListener('click', async () => {
  await tokens.signOut()
  console.log('signed out')
})

// In the second window, at the redirect URI, this passes the answer on, and the window closes.
const state = await tokens.ready()
if (state.status === 'signedIn') await show()

async function show() {
  const answer = await tokens.fetch('https://api.example.com/notes')
  console.log(`notes: ${answer.status}`)
}

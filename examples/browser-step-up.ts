import { createTokenManager, stepUp, TokenManagerError } from 'tokenward/browser'

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/', 'https://bank.example.com/'],
})

let refused = false
tokens.on('sign_in_failed', ({ reason }) => {
  refused = true // the session is what it was; asking again at once would annoy
  console.log(`no transfer: ${reason}`)
})

document.querySelector('#transfer')?.addEventListener('click', transfer)
document.querySelector('#sign-out')?.addEventListener('click', () => tokens.signOut())

const state = await tokens.ready()
if (state.status === 'signedOut') {
  if (state.reason === 'sign_in_failed') throw state.error
  await tokens.signIn()
}
const isBack = state.status === 'signedIn' && state.session.returnTo === '/transfer'
if (isBack && !refused) await transfer()

const notes = await tokens.fetch('https://api.example.com/notes') // an everyday sign-in will do here
console.log(`notes: ${notes.status}`)

async function transfer() {
  try {
    const answer = await tokens.fetch('https://bank.example.com/notes', { method: 'POST', body: 'all of it, to bob' })
    console.log(`transferred: ${answer.status}`)
  } catch (error) {
    if (!(error instanceof TokenManagerError) || error.code !== 'ERR_STEP_UP_REQUIRED') throw error
    console.log(`the bank wants ${error.acrValues}`)
    // Asks the same person for exactly that (RFC 9470). Until then the session stays as it is.
    await tokens.signIn({ stepUp: stepUp(error), returnTo: '/transfer' })
  }
}

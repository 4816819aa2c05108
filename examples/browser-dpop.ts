import { createTokenManager, dpop } from 'tokenward/browser'

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'],
  dpop: dpop({ required: true }), // no token is used that is not bound to this browser's key
})

document.querySelector('#sign-out')?.addEventListener('click', async () => {
  await tokens.signOut() // the key goes with the session
})

const state = await tokens.ready()
if (state.status === 'signedOut') {
  if (state.reason === 'sign_in_failed') throw state.error
  await tokens.signIn({ returnTo: '/notes' }) // makes the key; its public half goes along
}

const notes = await tokens.fetch('https://api.example.com/notes') // Authorization: DPoP …, and a new proof each time
console.log(await notes.json())

// A request that is not made with `fetch` needs both headers. They are for one request to one URL.
const request = new XMLHttpRequest()
request.open('POST', 'https://api.example.com/notes')
for (const [name, value] of await tokens.headersFor('https://api.example.com/notes', 'POST'))
  request.setRequestHeader(name, value)
request.onload = () => console.log(`posted: ${request.status}`)
request.send('a note')

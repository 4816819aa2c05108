import { createTokenManager } from 'tokenward/browser'

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  // Each API gets its own access token (RFC 8707). The other API does not accept it. One refresh token gets both.
  resources: [
    { url: 'https://api.example.com/', resource: 'urn:example:notes' },
    { url: 'https://mail.example.com/', resource: 'urn:example:mail' },
  ],
})

document.querySelector('#sign-out')?.addEventListener('click', async () => {
  await tokens.signOut() // ends the grant, and with it both
})

const state = await tokens.ready()
if (state.status === 'signedOut') {
  if (state.reason === 'sign_in_failed') throw state.error
  await tokens.signIn() // names both resources
}

const [notes, mail] = await Promise.all([
  tokens.fetch('https://api.example.com/notes'), // the URL says which token it is
  tokens.fetch('https://mail.example.com/notes'),
])
console.log(`notes: ${notes.status}, mail: ${mail.status}`)

// Without `fetch`, ask for the token by the name of the resource.
const { type, resource } = await tokens.getAccessToken({ resource: 'urn:example:mail' })
console.log(`a ${type} token for ${resource}`)

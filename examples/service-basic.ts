import { clientSecretBasic, createClientCredentials, settle } from 'tokenward/node'

const itself = createClientCredentials({
  issuer: 'https://as.example.com',
  clientId: 'service',
  clientAuthentication: clientSecretBasic(process.env.CLIENT_SECRET ?? ''), // or privateKeyJwt(), mutualTls()
  scope: 'notes',
  resources: ['https://api.example.com/'], // the only places a token is ever sent to
})

const notes = await itself.fetch('https://api.example.com/notes') // one token for all callers, renewed ahead of its expiry
console.log(notes.status, await notes.text())
await settle() // before the process ends: nothing that was sent is lost

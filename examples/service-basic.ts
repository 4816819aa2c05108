import { clientSecretBasic, createClientCredentials, settle } from 'tokenward/node'

const itself = createClientCredentials({
  issuer: 'https://as.example.com',
  clientId: 'service',
  clientAuthentication: clientSecretBasic(process.env.CLIENT_SECRET ?? ''), // or privateKeyJwt(), mutualTls()
  scope: 'notes',
  resources: ['https://api.example.com/'], // the only places a token is ever sent to
})

const notes = await itself.fetch('https://api.example.com/notes') // all calls share one token, which is renewed before it expires
console.log(notes.status, await notes.text())
await settle() // before the process ends: waits until every answer that is under way is stored

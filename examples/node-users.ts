// A website whose backend keeps the users' tokens. The browser has a cookie and no token.
// ISSUER=https://as.example.com API=https://api.example.com/notes SITE=https://app.example.com CLIENT_SECRET=… \
// SEALING_KEY=$(openssl rand -base64 32) node --import tsx node-users.ts
import { createServer } from 'node:http'
import { createBff, nodeBff } from 'tokenward/bff'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createSessionPool,
  environmentKey,
  fileStore,
  sessionLimits,
  settle,
} from 'tokenward/node'

const { ISSUER = '', API = '', CLIENT_SECRET = '', SITE = '', PORT = '8080', STATE_FOLDER = './sessions' } = process.env

const sessions = createSessionPool({
  issuer: ISSUER,
  clientId: 'web',
  clientAuthentication: clientSecretBasic(CLIENT_SECRET),
  redirectUri: `${SITE}/auth/callback`, // below it: /auth/login, /auth/logout, /auth/session
  scope: 'openid offline_access notes',
  resources: [API],
  store: fileStore({ path: STATE_FOLDER, key: environmentKey('SEALING_KEY') }), // or redisStore, for several hosts
  limits: sessionLimits({ idleTimeout: 8 * 3_600_000 }),
  [allowInsecureLoopback]: true, // for servers on this machine only
})
const bff = createBff({ sessions, api: { '/api/notes': API } })

const page = `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Notes</title>
<output></output>
<a href="/auth/login?returnTo=/">Sign in</a> <button>Sign out</button>
<script type="module">
  const ask = (path, method = 'GET') => fetch(path, { method, headers: { 'x-tokenward': '1' } }).then((one) => one.json())
  document.querySelector('button').onclick = async () => {
    const { endSessionUrl } = await ask('/auth/logout', 'POST')
    location.assign(endSessionUrl ?? '/')
  }
  const { session } = await ask('/auth/session')
  document.querySelector('output').value = session ? 'Signed in: ' + session.subject : 'Nobody is signed in'
</script>`

const server = createServer(
  nodeBff(bff, (_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.write(new TextEncoder().encode(page))
    response.end()
  }),
).listen(Number(PORT), '127.0.0.1', () => console.log('Listening', server.address()))

process.once('SIGTERM', async () => {
  server.close()
  await settle() // refreshes that were sent, sign-outs, revocations
  process.exit()
})

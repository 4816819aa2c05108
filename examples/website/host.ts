// One host of the website. Start as many as you like: they share their sessions in Redis, and none of them is special.
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Redis } from 'ioredis'
import { allowInsecureLoopback, bffServer, clientSecretBasic, createBff, environmentKey } from 'tokenward/bff'
import { settle } from 'tokenward/node'

const { ISSUER = '', SITE = '', API = '', CLIENT_SECRET = '', REDIS = '', PAGE = '', PORT = '0' } = process.env

const client = new Redis(REDIS)
const bff = createBff({
  issuer: ISSUER,
  clientId: 'web',
  clientAuthentication: clientSecretBasic(CLIENT_SECRET),
  redirectUri: `${SITE}/auth/callback`,
  postLogoutRedirectUri: `${SITE}/`,
  scope: 'openid offline_access profile notes',
  api: { '/api/notes': API },
  redis: { client, key: environmentKey('SEALING_KEY') },
  signInFailed: '/',
  onRefusal: ({ status, code, path }) => console.error(`refused: ${status} ${code} ${path}`),
  [allowInsecureLoopback]: true, // for servers on this machine only
})

// The files of the page. You can use any file server, or an Express app.
const files: Readonly<Record<string, readonly [string, string]>> = {
  '/': ['text/html; charset=utf-8', readFileSync(`${PAGE}/index.html`, 'utf8')],
  '/app.js': ['text/javascript; charset=utf-8', readFileSync(`${PAGE}/app.js`, 'utf8')],
}
const fields = {
  // Only this site: the page talks to nobody but its backend.
  'content-security-policy': "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
function page({ url = '/' }: IncomingMessage, response: ServerResponse) {
  const [type, text] = files[url.split('?')[0] ?? ''] ?? []
  if (type === undefined) response.writeHead(404, fields).end('Not here.')
  else response.writeHead(200, { ...fields, 'content-type': type }).end(text)
}

const server = bffServer(bff, page).listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`port: ${address?.port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  server.closeAllConnections()
  await settle() // refreshes that were sent, sign-outs, revocations
  client.disconnect()
  process.exit()
})

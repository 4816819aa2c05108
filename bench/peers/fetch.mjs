// What a token costs a call: everybody's fetch against one loopback server, interleaved in one process.
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { OAuth2Client as BadGateway, OAuth2Fetch } from '@badgateway/oauth2-client'
import { OAuth2Client as Google } from 'google-auth-library'
import { allowInsecureRequests, Configuration, fetchProtectedResource } from 'openid-client'
import { allowInsecureLoopback, createClientCredentials, createTokenManager } from '../../src/node/index.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 201)
const token = 'a'.repeat(800)

if (process.argv[2] === 'server') {
  serve()
  // Nothing but the server: in a process of its own, so that its work is not counted.
  await new Promise(() => {})
}
const child = fork(fileURLToPath(import.meta.url), ['server'])
const port = await new Promise((resolve) => child.once('message', resolve))
const issuer = `http://127.0.0.1:${port}`
const metadata = { issuer, token_endpoint: `${issuer}/token` }
const url = `${issuer}/api/notes?limit=20`
const headers = { authorization: `Bearer ${token}` }

const manager = createTokenManager({
  issuer,
  metadata,
  clientId: 'svc',
  resources: [`${issuer}/api`],
  [allowInsecureLoopback]: true,
})
await manager.adopt({ accessToken: token, expiresAt: Date.now() + 3_600_000 })
const service = createClientCredentials({
  issuer,
  metadata,
  clientId: 'svc',
  resources: [`${issuer}/api`],
  [allowInsecureLoopback]: true,
})

const configuration = new Configuration(metadata, 'svc')
allowInsecureRequests(configuration)

const google = new Google()
google.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 })

const oauth = new BadGateway({ clientId: 'svc', clientSecret: 's', tokenEndpoint: metadata.token_endpoint })
const badgateway = new OAuth2Fetch({ client: oauth, getNewToken: () => oauth.clientCredentials() })

const calls = {
  'plain fetch': () => fetch(url, { headers }).then((response) => response.text()),
  'tokenward, a session': () => manager.fetch(url).then((response) => response.text()),
  'tokenward, client credentials': () => service.fetch(url).then((response) => response.text()),
  'openid-client': () =>
    fetchProtectedResource(configuration, token, new URL(url), 'GET').then((response) => response.text()),
  'google-auth-library': () => google.request({ url, responseType: 'text' }).then(({ data }) => data),
  '@badgateway/oauth2-client': () => badgateway.fetch(url).then((response) => response.text()),
}

/**
 * The median of interleaved rounds: what else the machine does falls on all alike.
 * @param {string} title
 * @param {string[]} names
 * @param {number} rounds
 * @param {number} count calls in one round
 */
async function compare(title, names, rounds, count) {
  // The processor's time of this process as well: what else the machine does is not in it.
  const time = async (call) => {
    const start = performance.now()
    const used = process.cpuUsage()
    for (let i = 0; i < count; i++) await call()
    const { user, system } = process.cpuUsage(used)
    return { cpu: (user + system) / 1000 / count, wall: (performance.now() - start) / count }
  }
  for (const name of names) for (let warm = 0; warm < 5; warm++) await time(calls[name])
  const seen = []
  for (let round = 0; round < rounds; round++) {
    // Another order each round, so that nobody always runs after the same one.
    const order = names.map((_, index) => names[(index + round) % names.length])
    if (round % 2) order.reverse()
    const times = {}
    for (const name of order) times[name] = await time(calls[name])
    seen.push(times)
  }
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
  console.log(`\n${title}: median of ${rounds} interleaved rounds of ${count} calls (Node ${process.versions.node})\n`)
  for (const name of names) {
    const columns = ['cpu', 'wall'].map((kind) => {
      const each = median(seen.map((times) => times[name][kind])) * 1000
      const ratio = median(seen.map((times) => times[name][kind] / times['plain fetch'][kind]))
      return `${kind} ${each.toFixed(1).padStart(6)} µs  × ${ratio.toFixed(2)}`
    })
    console.log(`  ${name.padEnd(30)} ${columns.join('     ')}`)
  }
}

function serve() {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    const isToken = request.url === '/token'
    response.end(
      isToken ? JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3600 }) : '{"notes":[]}',
    )
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.on('disconnect', () => process.exit())
}

const names = Object.keys(calls)
await compare('One GET over loopback', names, ROUNDS, 50)
// What is left of a call without a network: everybody looks up the platform's fetch at each call, but google-auth-library.
globalThis.fetch = async (input, init) => {
  new Request(input, init)
  return new Response('{}')
}
const overStub = names.filter((name) => name !== 'google-auth-library')
await compare('The same over a stub in place of the network', overStub, 41, 1_000)
child.kill()
process.exit(0)

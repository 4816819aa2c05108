// What a service needs of the built package, on whatever runtime runs this file: `npm run test:platforms`. It uses nothing but the package, the
// platform and a server of its own, and prints one line for each check and a total.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import * as node from 'tokenward/node'

const { allowInsecureLoopback, TokenManagerError } = node
const server = await startServer()
const base = {
  issuer: server.origin,
  clientId: 'svc',
  resources: [`${server.origin}/api`],
  metadata: {
    issuer: server.origin,
    token_endpoint: `${server.origin}/token`,
    revocation_endpoint: `${server.origin}/revoke`,
  },
  [allowInsecureLoopback]: true,
}
const folder = await mkdtemp(join(tmpdir(), 'tokenward-'))

/** @type {[name: string, run: () => Promise<void>][]} */
const checks = [
  [
    'a session: one refresh for 50 callers, and a rotating refresh token',
    async () => {
      const tokens = await signedIn(node.createTokenManager(base), 1)
      const before = server.requests.length
      const values = await Promise.all(Array.from({ length: 50 }, () => tokens.getAccessToken()))
      assert.equal(new Set(values.map(({ value }) => value)).size, 1)
      assert.equal(server.requests.length - before, 1)
      await tokens.refresh()
      assert.equal(server.reuse, 0)
      assert.equal(JSON.stringify(values[0]).includes(values[0]?.value ?? ''), false)
      tokens.dispose()
    },
  ],
  [
    'a 401 gets one new token and one second sending, the body too',
    async () => {
      const tokens = await signedIn(node.createTokenManager(base))
      server.refuseNext = true
      const response = await tokens.fetch(`${server.origin}/api/echo`, { method: 'POST', body: 'hello' })
      assert.equal(await response.text(), 'hello')
      tokens.dispose()
    },
  ],
  [
    'a stream as a body goes out once, with duplex half',
    async () => {
      const tokens = await signedIn(node.createTokenManager(base))
      const body = new Blob(['streamed']).stream()
      const init = /** @type {RequestInit} */ ({ method: 'POST', body, duplex: 'half' })
      const response = await tokens.fetch(`${server.origin}/api/echo`, init)
      assert.equal(await response.text(), 'streamed')
      tokens.dispose()
    },
  ],
  [
    'no token goes anywhere else',
    async () => {
      const tokens = await signedIn(node.createTokenManager(base))
      const error = await tokens.fetch('https://evil.example/').catch((thrown) => thrown)
      assert.ok(error instanceof TokenManagerError)
      assert.equal(error.code, 'ERR_TARGET_NOT_ALLOWED')
      tokens.dispose()
    },
  ],
  [
    'signing out revokes at the server',
    async () => {
      const tokens = await signedIn(node.createTokenManager(base))
      const report = await tokens.signOut()
      await report.revoked
      assert.equal(tokens.state.status, 'signedOut')
      assert.ok(server.revoked > 0)
    },
  ],
  [
    'client credentials: one request for a thousand callers, over 5 resources',
    async () => {
      const tokens = node.createClientCredentials({ ...base, clientAuthentication: node.clientSecretBasic('p%&') })
      const before = server.requests.length
      await Promise.all(Array.from({ length: 1_000 }, (_, n) => tokens.getAccessToken({ resource: `urn:${n % 5}` })))
      assert.equal(server.requests.length - before, 5)
      assert.match(server.requests.at(-1)?.authorization ?? '', /^Basic /)
      assert.equal((await tokens.fetch(`${server.origin}/api/notes`)).status, 200)
    },
  ],
  [
    'private_key_jwt with EC, RSA and Ed25519 keys',
    async () => {
      const keys = [
        generateKeyPairSync('ec', { namedCurve: 'P-256' }),
        generateKeyPairSync('rsa', { modulusLength: 2048 }),
        generateKeyPairSync('ed25519'),
      ]
      for (const { privateKey } of keys) {
        const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
        const clientAuthentication = node.privateKeyJwt(pem, { kid: 'k' })
        await node.createClientCredentials({ ...base, clientAuthentication }).getAccessToken()
        assert.equal(server.requests.at(-1)?.form.client_assertion?.split('.').length, 3)
      }
    },
  ],
  [
    'token exchange and JWT bearer, cached by subject',
    async () => {
      const exchange = node.createTokenExchange(base)
      const before = server.requests.length
      await exchange.for({ token: 'alice' }).getAccessToken()
      await exchange.for({ token: 'alice' }).getAccessToken()
      await exchange.forget('alice')
      await exchange.for({ token: 'alice' }).getAccessToken()
      const bearer = node.createJwtBearer({ ...base, assertion: (subject) => `jwt-${subject}` })
      await bearer.for('bob').getAccessToken()
      await bearer.for('bob').getAccessToken()
      assert.equal(server.requests.length - before, 3)
    },
  ],
  [
    'a pool of a thousand sessions, a hundred in memory',
    async () => {
      const pool = node.createSessionPool({ ...base, maxSessions: 100 })
      for (let user = 0; user < 1_000; user++) await signedIn(pool.get(`u${user}`))
      assert.equal(pool.size, 100)
      const values = await Promise.all(
        Array.from({ length: 1_000 }, (_, user) => pool.get(`u${user}`).getAccessToken()),
      )
      assert.equal(new Set(values.map(({ value }) => value)).size, 1_000)
      pool.dispose()
    },
  ],
  [
    'two managers on one sealed file share a session',
    async () => {
      process.env.TOKENWARD_TEST_KEY = randomBytes(32).toString('base64')
      const path = join(folder, 'store')
      const open = () => node.fileStore({ path, key: node.environmentKey('TOKENWARD_TEST_KEY') })
      const one = await signedIn(node.createTokenManager({ ...base, store: open() }))
      const two = node.createTokenManager({ ...base, store: open() })
      assert.equal((await two.getAccessToken()).value, (await one.getAccessToken()).value)
      one.dispose()
      two.dispose()
    },
  ],
]

let passed = 0
for (const [name, run] of checks) {
  try {
    await run()
    passed++
    console.log(`ok      ${name}`)
  } catch (error) {
    console.log(`FAILED  ${name}`)
    console.log(String(/** @type {Error} */ (error)?.stack ?? error))
  }
}
console.log(`${passed} passed, ${checks.length - passed} failed`)
server.stop()
await rm(folder, { recursive: true, force: true })
process.exit(passed === checks.length ? 0 : 1)

/**
 * @template {node.TokenManager} T
 * @param {T} manager
 * @param {number} [seconds] until its access token expires
 */
async function signedIn(manager, seconds = 3600) {
  await manager.adopt({ ...server.issue(), expiresAt: Date.now() + seconds * 1000 - 999 })
  return manager
}

async function startServer() {
  /** @type {{ form: Record<string, string>, authorization: string | undefined }[]} */
  const requests = []
  const used = new Set()
  let count = 0
  const state = { requests, reuse: 0, revoked: 0, refuseNext: false, origin: '', issue, stop: () => {} }
  const http = createServer(async (request, response) => {
    const body = await text(request)
    const form = Object.fromEntries(new URLSearchParams(body))
    const { authorization } = request.headers
    if (request.url === '/token') {
      requests.push({ form, authorization })
      if (form.refresh_token && used.has(form.refresh_token)) state.reuse++
      if (form.refresh_token) used.add(form.refresh_token)
      const { accessToken, refreshToken } = issue()
      response.setHeader('content-type', 'application/json')
      return response.end(
        JSON.stringify({
          access_token: accessToken,
          token_type: 'Bearer',
          expires_in: 3600,
          ...(form.grant_type === 'refresh_token' && { refresh_token: refreshToken }),
          ...(form.subject_token && { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
        }),
      )
    }
    if (request.url === '/revoke') {
      state.revoked++
      return response.end()
    }
    if (state.refuseNext || !authorization) {
      state.refuseNext = false
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
      return response.end()
    }
    response.end(body)
  })
  await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = http.address()
  state.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  state.stop = () => void http.close()
  return state

  function issue() {
    count++
    return { accessToken: `at-${count}`, refreshToken: `rt-${count}` }
  }
}

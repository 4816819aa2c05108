import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appFolder, platformsFolder } from '../../../scripts/platform-packages.mjs'
import type { NodeTokenManagerOptions } from '../../../src/node/index.ts'
import type { UserAgent } from '../../../src/ports.ts'
import { built, clientOf as client, shown } from './built.ts'

const { memoryStore } = await built<typeof import('../../../src/node/index.ts')>('node')

const API = 'https://api.example.com/'
const REDIRECT_URI = 'http://127.0.0.1/callback'

/** A worker whose only person says yes, unless the client hints at another one. */
const worker = `
  import { OAuthAuthorizationServer, authorizationErrorRedirect } from '@cloudflare/workers-oauth-provider'

  export default {
    async fetch(request, env, context) {
      const server = new OAuthAuthorizationServer({
        issuer: env.ISSUER,
        resources: ['${API}'],
        defaultResource: '${API}',
        scopesSupported: ['notes', 'offline_access'],
      })
      const oauth = server.getOAuthApi(env)
      const { pathname, searchParams } = new URL(request.url)
      if (pathname === '/clients') return Response.json(await oauth.createClient(await request.json()))
      if (pathname !== '/authorize') return server.fetch(request, env, context)

      const asked = await oauth.parseAuthRequest(request)
      const isRefused = searchParams.get('login_hint') === 'nobody'
      if (isRefused) return Response.redirect(authorizationErrorRedirect(asked, 'access_denied'), 302)
      const given = { userId: 'alice', metadata: {}, scope: asked.scope, props: {} }
      const { redirectTo } = await oauth.completeAuthorization({ request: asked, ...given })
      return Response.redirect(redirectTo, 302)
    },
  }`

/** What is used of miniflare. */
interface Miniflare {
  readonly ready: Promise<URL>
  dispose(): Promise<void>
}
const { Miniflare }: { Miniflare: new (options: object) => Miniflare } = createRequire(
  `${platformsFolder}/package.json`,
)('miniflare')

const person: UserAgent = {
  callbackUrl: () => undefined,
  async authorize(url) {
    const answer = await fetch(url, { redirect: 'manual' })
    return answer.headers.get('location') ?? ''
  },
}

let issuer = ''
let clientId = ''
let running: Miniflare | undefined
beforeAll(async () => {
  const port = await freePort()
  issuer = `http://127.0.0.1:${port}`
  const { outputFiles } = await build({
    stdin: { contents: worker, resolveDir: appFolder('servers') },
    bundle: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:*', 'node:*'],
    conditions: ['workerd', 'worker'],
  })
  running = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text,
    compatibilityDate: '2026-01-01',
    kvNamespaces: ['OAUTH_KV'],
    bindings: { ISSUER: issuer },
    host: '127.0.0.1',
    port,
  })
  await running.ready
  const registration = {
    clientName: 'spa',
    redirectUris: [REDIRECT_URI],
    tokenEndpointAuthMethod: 'none',
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
  }
  const answer = await fetch(`${issuer}/clients`, { method: 'POST', body: JSON.stringify(registration) })
  clientId = (await answer.json()).clientId
})
afterAll(() => running?.dispose())

/** A port that nobody uses: the issuer has to be known before the worker is there. */
function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

function clientOf(options: Partial<NodeTokenManagerOptions> = {}) {
  return client({
    issuer,
    clientId,
    redirectUri: REDIRECT_URI,
    scope: 'notes offline_access',
    resources: [{ url: API, resource: API }],
    userAgent: person,
    ...options,
  })
}

const replayed = (refreshToken = '') =>
  shown(`${issuer}/oauth/token`, { refresh_token: refreshToken, client_id: clientId })

describe("Cloudflare's workers-oauth-provider", () => {
  it('has its metadata at the second place, signs a person in, refreshes, and revokes at a sign-out', async () => {
    const { manager, sent, answers } = clientOf()
    expect(await manager.signIn()).toMatchObject({ status: 'signedIn', health: 'ok' })
    await manager.refresh()
    const { revoked } = await manager.signOut()
    expect(await revoked).toBe('revoked')
    expect(sent).toEqual([
      ...['metadata 404', 'metadata 200', 'authorization_code 200', 'refresh_token 200'],
      ...['refresh_token 200', 'access_token 200'],
    ])
    expect(await replayed(answers[1]?.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('ten contexts on one store send one refresh', async () => {
    const store = memoryStore()
    const clients = Array.from({ length: 10 }, () => clientOf({ store }))
    await clients[0]?.manager.signIn()
    await Promise.all(clients.map(({ manager }) => manager.ready()))
    await Promise.all(clients.map(({ manager }) => manager.refresh()))
    const all = clients.flatMap(({ sent }) => sent)
    expect(all.filter((one) => one.startsWith('refresh_token'))).toEqual(['refresh_token 200'])
  })

  it('takes the refresh token before the last one once more, and then no more the last one', async () => {
    const { manager, answers } = clientOf()
    await manager.signIn()
    await manager.refresh()
    expect(await replayed(answers[0]?.refresh_token)).toMatchObject({ status: 200 })
    await expect(manager.refresh()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'rejected' })
  })

  it('ends the first session of a person when another one begins, and the client learns it at its next refresh', async () => {
    const first = clientOf().manager
    await first.signIn()
    await clientOf().manager.signIn()
    await expect(first.refresh()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'rejected' })
  })

  it('refuses an API that it does not know, and the session goes on', async () => {
    const { manager } = clientOf()
    await manager.signIn()
    const other = manager.getAccessToken({ resource: 'https://other.example.com/' })
    await expect(other).rejects.toMatchObject({ reason: 'invalid_target' })
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('tells of a person who says no, and has no ID tokens', async () => {
    const refused = clientOf().manager.signIn({ loginHint: 'nobody' })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    const withIdToken = clientOf({ scope: 'openid notes' }).manager.signIn()
    await expect(withIdToken).rejects.toMatchObject({ reason: 'id_token_missing' })
  })
})

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'
import { platformsFolder } from '../../scripts/platform-packages.mjs'
import { testIssuer } from '../resource-server/test-issuer.ts'

/** What is used of miniflare. */
interface Miniflare {
  dispatchFetch(url: string, init?: { headers?: Record<string, string> }): Promise<Response>
  dispose(): Promise<void>
}
interface MiniflarePackage {
  Miniflare: new (options: object) => Miniflare
  Response: typeof Response
}

const { Miniflare, Response: MiniflareResponse }: MiniflarePackage = createRequire(`${platformsFolder}/package.json`)(
  'miniflare',
)

async function script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'test/platforms/worker/main.ts')],
    alias: Object.fromEntries(entries.map(({ specifier, js }) => [specifier, js])),
    bundle: true,
    format: 'esm',
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** A worker as Cloudflare runs it, and what it asked of the network. `before` is awaited before each answer. */
async function worker(compatibilityDate: string, compatibilityFlags: string[], before = async (_path: string) => {}) {
  const issuer = await testIssuer()
  const asked: string[] = []
  const outboundService = async (request: Request) => {
    const { pathname, origin } = new URL(request.url)
    const form = Object.fromEntries(new URLSearchParams(await request.clone().text()))
    asked.push([request.method, pathname, form.refresh_token ?? form.token].filter(Boolean).join(' '))
    await before(pathname)
    if (origin === 'https://api.example.com')
      return new MiniflareResponse(`${request.headers.get('authorization')} ${await request.text()}`)
    if (pathname === '/token')
      return MiniflareResponse.json({
        access_token: 'at-1',
        refresh_token: 'rt-1',
        token_type: 'Bearer',
        expires_in: 60,
      })
    if (pathname === '/revoke') return new MiniflareResponse()
    const answer = await issuer.fetch(request.url)
    if (!pathname.startsWith('/.well-known/'))
      return new MiniflareResponse(await answer.text(), { status: answer.status })
    const endpoints = { token_endpoint: `${origin}/token`, revocation_endpoint: `${origin}/revoke` }
    return MiniflareResponse.json({ ...(await answer.json()), ...endpoints })
  }
  const options = { modules: true, script: await script(), compatibilityDate, compatibilityFlags, outboundService }
  const miniflare = new Miniflare(options)
  onTestFinished(() => miniflare.dispose())
  return { miniflare, asked, issuer }
}

describe.each([
  ['before requests had a cache mode', '2023-05-01', []],
  ["with Node's modules", '2024-09-23', ['nodejs_compat']],
  ['now', '2026-04-26', []],
])("Cloudflare's workers, %s", (_, date, flags) => {
  it('refresh a session, call an API and sign out', async () => {
    const { miniflare, asked } = await worker(date, flags)
    const response = await miniflare.dispatchFetch('https://worker.example/client')
    expect(await response.json()).toEqual({ used: 'Bearer at-1 hello', revoked: 'revoked', status: 'signedOut' })
    expect(asked).toEqual([
      'GET /.well-known/openid-configuration',
      'POST /token rt-0',
      'POST /notes',
      expect.stringMatching(/^POST \/revoke .t-1$/),
      expect.stringMatching(/^POST \/revoke .t-1$/),
    ])
  })

  it('guard an API, also after a request that was given up while the keys were on their way', async () => {
    let isFirst = true
    const { miniflare, issuer } = await worker(date, flags, async (path) => {
      if (path !== '/jwks' || !isFirst) return
      isFirst = false
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    })
    const seconds = Math.floor(Date.now() / 1_000)
    const token = await issuer.accessToken({ sub: 'alice', iat: seconds, exp: seconds + 60 })
    const headers = { authorization: `Bearer ${token}` }
    const call = (path: string) => miniflare.dispatchFetch(`https://api.example.com${path}`, { headers })
    expect((await call('/impatient')).status).toBe(504)
    const answers = await Promise.all([call('/'), call('/')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  it('guard an API', async () => {
    const { miniflare, issuer } = await worker(date, flags)
    const seconds = Math.floor(Date.now() / 1_000)
    const token = await issuer.accessToken({ sub: 'alice', iat: seconds, exp: seconds + 60 })
    const call = (value: string) =>
      miniflare.dispatchFetch('https://api.example.com/', { headers: { authorization: `Bearer ${value}` } })
    expect(await (await call(token)).json()).toEqual({ sub: 'alice' })
    const refused = await call(await issuer.accessToken({ iat: seconds - 120, exp: seconds - 90 }))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/reason="expired"/)
  })
})

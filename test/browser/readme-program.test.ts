import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import type { Dpop } from '../../examples/demo/provider-configuration.ts'
import { chromiumLaunchOptions } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/entries.mjs'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

interface Started {
  readonly app: LoopbackServer
  readonly server: AuthorizationServer
  readonly api: Api
}

/** Serves the example `name` with its authorization server and its API. */
async function start(name: string, dpop: Dpop): Promise<Started> {
  let script = ''
  const page: RequestListener = (req, res) => {
    if (req.url !== '/app.js')
      return void res
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          '<link rel="icon" href="data:,"><button id="sign-out">Sign out</button><script type="module" src="/app.js"></script>',
        )
    return void res.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
  }
  const app = await startLoopbackServer(page)
  const redirectUris = [`${app.origin}/callback`]
  const server = await startAuthorizationServer({ redirectUris, autoLogin: 'alice', dpop })
  const { issuer, audience } = server
  const proofs = dpop === 'required with nonces' ? { nonce: {} } : {}
  const api = await startApi({ issuer, audience, origins: [app.origin], dpop: proofs })
  onTestFinished(async () => void (await Promise.all([app.refuse(), server.stop(), api.stop()])))
  script = await bundle(
    (await readFile(`${root}examples/${name}.ts`, 'utf8'))
      .replaceAll('https://as.example.com', server.issuer)
      .replaceAll('https://app.example.com', app.origin)
      .replaceAll('https://api.example.com', api.origin)
      .replace('{ createTokenManager', '{ allowInsecureLoopback, createTokenManager')
      .replace('resources:', '[allowInsecureLoopback]: true, resources:'),
  )
  return { app, server, api }
}

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: root },
    tsconfig: `${root}tsconfig.json`,
    ...{ bundle: true, format: 'esm', target: 'es2022', platform: 'browser', write: false },
  })
  return outputFiles[0]?.text ?? ''
}

it.each<[string, string, Dpop, string[], number[]]>([
  ['the program of the README', 'browser-basic', 'offered', ['{notes: Array(2)}'], [200, 200]],
  [
    'the program with DPoP',
    'browser-dpop',
    'required with nonces',
    ['{notes: Array(2)}', 'posted: 200'],
    [401, 200, 200],
  ],
])('%s signs in, calls the API, survives a reload and signs out', async (_, name, dpop, says, statuses) => {
  const { app, server, api } = await start(name, dpop)
  const page = await browser.newPage()
  const said: string[] = []
  const heard = (count: number) => expect.poll(() => said.length, { timeout: 10_000 }).toBe(count)
  page.on('console', (message) => {
    // Chromium reports a 400 or 401 itself: this server revokes no JWT, and asks for a nonce.
    if (!message.text().startsWith('Failed to load resource')) said.push(message.text())
  })
  page.on('pageerror', ({ message }) => said.push(message))

  await page.goto(app.origin)
  await heard(says.length)
  expect(page.url()).toBe(`${app.origin}/callback`)

  await page.reload()
  await heard(2 * says.length)
  expect(said).toEqual([...says, ...says])
  expect(new Set(api.requests.map(({ subject }) => subject))).toEqual(
    new Set(statuses[0] === 401 ? [undefined, 'alice'] : ['alice']),
  )
  expect(api.requests.map(({ status }) => status).slice(0, statuses.length)).toEqual(statuses)
  expect(new Set(server.requests.map(({ grantType }) => grantType))).toEqual(new Set(['authorization_code']))

  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200), { timeout: 10_000 }).toBe(true)
  expect(said.slice(2 * says.length)).toEqual([])
  await page.close()
})

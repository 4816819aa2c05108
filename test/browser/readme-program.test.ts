import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { chromiumLaunchOptions } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/entries.mjs'

let app: LoopbackServer
let server: AuthorizationServer
let api: Api
let browser: Browser

beforeAll(async () => {
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
  app = await startLoopbackServer(page)
  server = await startAuthorizationServer({ redirectUris: [`${app.origin}/callback`], autoLogin: 'alice' })
  api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [app.origin] })
  script = await bundle(
    (await readFile(`${root}examples/browser-basic.ts`, 'utf8'))
      .replaceAll('https://as.example.com', server.issuer)
      .replaceAll('https://app.example.com', app.origin)
      .replaceAll('https://api.example.com', api.origin)
      .replace('{ createTokenManager }', '{ allowInsecureLoopback, createTokenManager }')
      .replace('resources:', '[allowInsecureLoopback]: true, resources:'),
  )
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => Promise.all([browser?.close(), app?.refuse(), server?.stop(), api?.stop()]))

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: root },
    tsconfig: `${root}tsconfig.json`,
    ...{ bundle: true, format: 'esm', target: 'es2022', platform: 'browser', write: false },
  })
  return outputFiles[0]?.text ?? ''
}

it('the program of the README signs in, calls the API, survives a reload and signs out', async () => {
  const page = await browser.newPage()
  const said: string[] = []
  const heard = (count: number) => expect.poll(() => said.length, { timeout: 10_000 }).toBe(count)
  page.on('console', (message) => {
    // Chromium reports a 400 itself: this server revokes no JWT.
    if (!message.text().startsWith('Failed to load resource')) said.push(message.text())
  })
  page.on('pageerror', ({ message }) => said.push(message))

  await page.goto(app.origin)
  await heard(1)
  expect(page.url()).toBe(`${app.origin}/callback`)

  await page.reload()
  await heard(2)
  expect(said).toEqual(['{notes: Array(2)}', '{notes: Array(2)}'])
  expect(api.requests.map(({ status, subject }) => [status, subject])).toEqual(Array(2).fill([200, 'alice']))
  expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])

  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200), { timeout: 10_000 }).toBe(true)
  expect(said.slice(2)).toEqual([])
})

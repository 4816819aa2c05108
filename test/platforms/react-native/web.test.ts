import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type Page, type Route } from 'playwright-core'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { chromiumLaunchOptions } from '../../../scripts/programs.mjs'
import { scriptedAuthorizationServer } from '../../../src/testing/index.ts'
import { apps, stage } from './apps.ts'

const ORIGIN = 'https://app.example'

const main = `
  import { AppRegistry } from 'react-native'
  import { App } from './app'
  AppRegistry.registerComponent('Notes', () => App)
  AppRegistry.runApplication('Notes', { rootTag: document.getElementById('root') })
`

/** The page of the Expo example, with react-native-web, as its web version has it. */
async function bundle(): Promise<string> {
  const app = apps['React Native 0.86']
  const folder = stage(app, 'react-native-web', 'examples/react-native-expo')
  writeFileSync(join(folder, 'main.ts'), main)
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'main.ts')],
    alias: { 'react-native': join(app.folder, 'node_modules/react-native-web') },
    resolveExtensions: ['.web.tsx', '.web.ts', '.tsx', '.ts', '.web.js', '.js'],
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.EXPO_PUBLIC_ISSUER': '"https://as.example"',
      'process.env.EXPO_PUBLIC_API': '"https://api.example.com/"',
      'process.env.EXPO_PUBLIC_CLIENT_ID': '"notes"',
    },
    bundle: true,
    format: 'iife',
    jsx: 'automatic',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

let script = ''
beforeAll(async () => {
  script = await bundle()
}, 120_000)

/** Answers what the page asks of the authorization server and the API. */
async function answer(route: Route, server: ReturnType<typeof scriptedAuthorizationServer>) {
  const request = route.request()
  const headers = { 'access-control-allow-origin': ORIGIN, 'access-control-allow-headers': 'authorization' }
  if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers })
  if (new URL(request.url()).pathname === '/authorize')
    return route.fulfill({ status: 302, headers: { location: server.authorize(request.url()) } })

  const body = request.postData()
  const init = { method: request.method(), headers: request.headers(), ...(body !== null && { body }) }
  const response = await server.fetch(request.url(), init)
  return route.fulfill({
    status: response.status,
    headers: { ...Object.fromEntries(response.headers), ...headers },
    body: await response.text(),
  })
}

async function open(server: ReturnType<typeof scriptedAuthorizationServer>): Promise<Page> {
  const browser = await chromium.launch(chromiumLaunchOptions())
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.route('**', (route) => answer(route, server))
  await page.route(`${ORIGIN}/**`, (route) =>
    route.fulfill(
      route.request().url().endsWith('.js')
        ? { contentType: 'text/javascript; charset=utf-8', body: script }
        : { contentType: 'text/html', body: '<div id="root"></div><script src="/main.js"></script>' },
    ),
  )
  page.setDefaultTimeout(60_000)
  await page.goto(`${ORIGIN}/`)
  return page
}

it('the components of the Expo example sign in, show notes and sign out in Chromium, with tokenward/browser behind them', async () => {
  const server = scriptedAuthorizationServer(Date.now)
  server.subject = 'zoe'
  server.claims = { aud: 'notes' }
  server.api = (request) => new Response(`notes for ${request.headers.get('authorization')?.slice(0, 6)}`)
  const page = await open(server)

  await page.getByText('Nobody is signed in: none').waitFor()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Signed in: zoe').waitFor()
  await page.getByText('notes for Bearer').waitFor()
  expect(page.url()).not.toContain('code=')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Nobody is signed in: signed_out').waitFor()
  await expect.poll(() => server.revoked.length).toBeGreaterThan(0)
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type BrowserContext, chromium, type Page, type Worker } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { bundle } from '../support/browser/bundle.ts'
import type { Errand, Report } from '../support/browser/no-document/context.ts'

/** The URL an extension comes back to from a sign-in. */
const redirectOf = (id: string) => `https://${id}.chromiumapp.org/`

let folder: string
let server: LoopbackServer
let context: BrowserContext
let extension: Worker

beforeAll(async () => {
  const script = await bundle(new URL('../support/browser/no-document/context.ts', import.meta.url), 'iife')
  server = await startServer(script)
  folder = await mkdtemp(join(tmpdir(), 'tokenward-extension-'))
  await writeExtension(join(folder, 'extension'), script)
  const { executablePath, args } = chromiumLaunchOptions()
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    // Playwright's own headless mode has no extensions.
    headless: false,
    args: [
      ...args,
      '--headless=new',
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
      `--disable-extensions-except=${join(folder, 'extension')}`,
      `--load-extension=${join(folder, 'extension')}`,
    ],
  })
  extension = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
})
afterAll(async () => {
  await context?.close()
  await server?.refuse()
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

describe("an extension's service worker (MV3)", () => {
  it('keeps a session, refreshes it and calls an API', async () => {
    const report = await inExtension(extension, { origin: server.origin, adopt: await tokens() })
    expect(report).toEqual({
      hasDocument: false,
      before: 'signedOut',
      signIn: 'no_window',
      after: 'signedIn',
      used: expect.stringMatching(/^Bearer at-/),
      degraded: [],
    })
  })

  it('shares the session with the pages of the extension', async () => {
    const page = await context.newPage()
    await page.goto(new URL('page.html', extension.url()).href)
    const report = await inExtension(page, { origin: server.origin })
    expect(report).toMatchObject({ hasDocument: true, before: 'signedIn', used: expect.stringMatching(/^Bearer at-/) })
    await page.close()
  })

  it('signs in by a user agent of its own', async () => {
    const identity = redirectOf(new URL(extension.url()).host)
    const report = await inExtension(extension, { origin: server.origin, identity })
    expect(report).toMatchObject({ signIn: 'signedIn', after: 'signedIn', used: expect.stringMatching(/^Bearer at-/) })
  })
})

describe('the workers of a page', () => {
  let page: Page
  beforeAll(async () => {
    page = await context.newPage()
    await page.goto(server.origin)
  })

  it.each(['Worker', 'SharedWorker'] as const)('%s keeps a session, refreshes it and calls an API', async (kind) => {
    const errand: Errand = { origin: server.origin, adopt: await tokens() }
    const report = await page.evaluate(
      ({ kind, errand }) =>
        new Promise<Report>((resolve, reject) => {
          const worker = kind === 'Worker' ? new Worker('/worker.js') : new SharedWorker('/worker.js')
          worker.onerror = () => reject(new Error(`${kind} failed`))
          const port = worker instanceof Worker ? worker : worker.port
          port.onmessage = ({ data }) => resolve(data)
          port.postMessage(errand)
        }),
      { kind, errand },
    )
    expect(report).toMatchObject({ hasDocument: false, signIn: 'no_window', after: 'signedIn', degraded: [] })
    expect(report.used).toMatch(/^Bearer at-/)
  })
})

function inExtension(where: Worker | Page, errand: Errand): Promise<Report> {
  return (where as Page).evaluate(
    (given) => (globalThis as unknown as { run(errand: Errand): Promise<Report> }).run(given),
    errand,
  )
}

async function tokens() {
  const response = await fetch(`${server.origin}/token`, { method: 'POST' })
  const { access_token, refresh_token } = await response.json()
  return { accessToken: access_token, refreshToken: refresh_token }
}

async function writeExtension(path: string, script: string) {
  const manifest = {
    manifest_version: 3,
    name: 'tokenward in a service worker',
    version: '1.0',
    background: { service_worker: 'worker.js' },
    permissions: ['identity'],
    host_permissions: ['http://127.0.0.1/*'],
  }
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest))
  await writeFile(join(path, 'worker.js'), script)
  await writeFile(join(path, 'page.html'), '<!doctype html><script src="worker.js"></script>')
}

/** An authorization server that signs everybody in, an API that says what it was called with, and a page. */
function startServer(script: string): Promise<LoopbackServer> {
  let count = 0
  return startLoopbackServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
    await text(req)
    if (pathname === '/authorize') {
      const answer = new URLSearchParams({ code: 'c', state: searchParams.get('state') ?? '' })
      return res.writeHead(303, { location: `${searchParams.get('redirect_uri')}?${answer}` }).end()
    }
    if (pathname === '/token') {
      count++
      const answer = {
        access_token: `at-${count}`,
        refresh_token: `rt-${count}`,
        token_type: 'Bearer',
        expires_in: 3600,
      }
      return res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
    if (pathname.startsWith('/api')) return res.end(req.headers.authorization)
    const type = pathname === '/worker.js' ? 'text/javascript' : 'text/html'
    res.writeHead(200, { 'content-type': type }).end(type === 'text/html' ? '<!doctype html>' : script)
  })
}

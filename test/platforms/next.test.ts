import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { startFrontServer } from '../../examples/website/front.ts'
import { root } from '../../scripts/entries.mjs'
import { appFolder, frameworkApps } from '../../scripts/platform-packages.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { startChromium } from '../support/browser/chromium.ts'
import { driveNotesApp } from '../support/browser/notes-app.ts'
import { driveWorkerApp } from '../support/browser/worker-app.ts'
import { clientSecret, startProgramServer } from '../support/program-server.ts'

const execute = promisify(execFile)
const folder = appFolder('next')
const next = join(folder, 'node_modules/next/dist/bin/next')
const building = 300_000

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

/** What an example is built and started with. */
type Settings = Readonly<Record<string, string>>

/** Builds the example where its packages are, as `create-next-app` sets Next.js up. */
async function build(name: string, settings: Settings, cacheComponents = true): Promise<string> {
  const project = join(folder, name)
  rmSync(project, { recursive: true, force: true })
  cpSync(join(root, 'examples', name), project, { recursive: true })
  // Its packages lie one folder up, which is not the folder that Next.js would guess.
  writeFileSync(
    join(project, 'next.config.mjs'),
    `export default { cacheComponents: ${cacheComponents}, turbopack: { root: '${folder}' } }`,
  )
  await execute(process.execPath, [next, 'build'], { cwd: project, env: envOf(settings) })
  return project
}

interface Started {
  readonly origin: string
  /** What it has said since. */
  said(): string
  stop(): void
}

/** Starts it on a free port. */
async function start(project: string, settings: Settings): Promise<Started> {
  const args = [next, 'start', '--hostname', '127.0.0.1', '--port', '0']
  const child = spawn(process.execPath, args, { cwd: project, env: envOf(settings) })
  const port = await portOf(child)
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (said += text))
  return { origin: `http://127.0.0.1:${port}`, said: () => said, stop: () => child.kill() }
}

function envOf(settings: Settings): NodeJS.ProcessEnv {
  return { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', ...settings }
}

function portOf(child: ChildProcess): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += text
      const [, port] = /http:\/\/127\.0\.0\.1:([1-9]\d*)/.exec(said) ?? []
      if (port && said.includes('Ready')) resolve(port)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', () => reject(new Error(`Next.js ended: ${said}`)))
  })
}

it.each(['next', 'next-bff', 'worker-next'])('examples/%s asks for the versions that are tested', (name) => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'),
  )
  const { tokenward: own, ...others } = { ...dependencies, ...devDependencies }
  expect(own).toBeDefined()
  expect(frameworkApps.next).toMatchObject(others)
})

describe('examples/next', () => {
  it(
    'guards its notes, signs in, calls the API, and signs out in every tab',
    async () => {
      const front = await startFrontServer()
      const server = await startAuthorizationServer({ redirectUris: [`${front.origin}/callback`], autoLogin: 'alice' })
      const api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [front.origin] })
      let site: Started | undefined
      try {
        const settings = { NEXT_PUBLIC_ISSUER: server.issuer, NEXT_PUBLIC_API: api.origin }
        site = await start(await build('next', settings), settings)
        front.sendTo(site.origin)
        const isRevoked = () => server.revocations.length > 0
        await driveNotesApp(browser, { origin: front.origin, signedOut: '/notes?page=2', api, isRevoked })
        expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])
      } finally {
        site?.stop()
        await Promise.all([front.close(), server.stop(), api.stop()])
      }
    },
    building,
  )
})

/** A page that the server draws, in two tabs: it follows a sign-in and a sign-out that happen in the other one. */
async function driveOverview(origin: string): Promise<void> {
  const context = await browser.newContext({ extraHTTPHeaders: { 'x-person': 'alice' } })
  context.setDefaultTimeout(20_000)
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
  const drawn = (page: Page) => page.getByRole('heading', { name: /^alice has [1-9]\d* notes$/ })
  const html = async () => (await context.request.get(`${origin}/overview`)).text()

  const [first, second] = [await context.newPage(), await context.newPage()]
  for (const page of [first, second]) {
    await page.goto(`${origin}/overview`)
    await button(page, 'Sign in').waitFor()
  }
  await button(first, 'Sign in').click()
  for (const page of [first, second]) await drawn(page).waitFor()
  expect(await html()).toMatch(/alice has [1-9]\d* notes/)

  await second.goto(`${origin}/notes`)
  await button(second, 'Sign out').click()
  await button(first, 'Sign in').waitFor()
  expect(await drawn(first).count()).toBe(0)
  expect(await html()).not.toContain('alice')
  await context.close()
}

describe('examples/next-bff', () => {
  it(
    'does the same with a page that never has a token',
    async () => {
      const front = await startFrontServer()
      const server = await startProgramServer({ redirectUris: [`${front.origin}/auth/callback`] })
      let site: Started | undefined
      let api: Api | undefined
      try {
        api = await startApi({ issuer: server.issuer, audience: 'urn:example:notes', origins: [] })
        // What is built knows nothing of the servers, as an image that is built once for all of them.
        const project = await build('next-bff', {})
        site = await start(project, {
          ORIGIN: front.origin,
          ISSUER: server.issuer,
          API: api.origin,
          CLIENT_SECRET: clientSecret,
        })
        front.sendTo(site.origin)
        await driveNotesApp(browser, {
          origin: front.origin,
          signedOut: '/notes?page=2',
          api,
          isRevoked: () => server.revocations.length > 0,
          // The server sends the person to the backend, and the page hears nothing of it.
          tellsOfFailure: false,
          contextOptions: { extraHTTPHeaders: { 'x-person': 'alice' } },
        })
        expect(server.grants).toEqual(['authorization_code granted'])

        await driveOverview(front.origin)
        expect(site.said()).not.toContain('Error')
      } finally {
        site?.stop()
        await Promise.all([front.close(), server.stop(), api?.stop()])
      }
    },
    building,
  )
})

describe('examples/worker-next', () => {
  it(
    'RT-10: is built, and its refresh outlives the tab that began it, under a strict policy with Trusted Types',
    async () => {
      const front = await startFrontServer()
      const server = await startAuthorizationServer({ redirectUris: [`${front.origin}/callback`], autoLogin: 'alice' })
      const chromium = await startChromium()
      let site: Started | undefined
      try {
        const settings = { NEXT_PUBLIC_ISSUER: server.issuer }
        site = await start(await build('worker-next', settings, false), settings)
        front.sendTo(site.origin)
        await driveWorkerApp(chromium, front.origin, server)
      } finally {
        site?.stop()
        await Promise.all([chromium.stop(), front.close(), server.stop()])
      }
    },
    building,
  )
})

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { scriptsInto } from '../../rollup.config.mjs'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'

const execute = promisify(execFile)
const examples = [
  { name: 'react-vite', packages: ['react', 'react-dom', 'react-router'], signedOut: '/notes?page=2' },
  {
    name: 'vue-vite',
    packages: ['vue', 'vue-router', '@vitejs/plugin-vue'],
    signedOut: '/sign-in?returnTo=/notes?page=2',
  },
  {
    name: 'sveltekit',
    packages: ['svelte', '@sveltejs/kit', '@sveltejs/adapter-static', '@sveltejs/vite-plugin-svelte'],
    signedOut: '/sign-in?returnTo=%2Fnotes%3Fpage%3D2',
  },
]

let folder: string
let browser: Browser
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-frameworks-'))
  browser = await chromium.launch(chromiumLaunchOptions())
  await installInto(folder)
})
afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

/** What `npm install` does: the package as it is published, and beside it what it and the examples need. */
async function installInto(folder: string) {
  const modules = join(folder, 'node_modules')
  for (const scripts of scriptsInto(join(modules, 'tokenward/dist')))
    await (await rollup(scripts)).write(scripts.output)
  await cp(join(root, 'package.json'), join(modules, 'tokenward/package.json'))
  for (const name of ['idb-keyval', 'vite', ...examples.flatMap(({ packages }) => packages)]) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
}

const contentTypes: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Serves what was built; every other path is the page. */
async function serve(files: string, addresses: () => Readonly<Record<string, string>>): Promise<LoopbackServer> {
  return startLoopbackServer(async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    const file = extname(pathname) ? join(files, pathname) : join(files, 'index.html')
    let text = await readFile(file, 'utf8').catch(() => '')
    for (const [from, to] of Object.entries(addresses())) text = text.replaceAll(from, to)
    const connect = Object.values(addresses()).join(' ')
    res.writeHead(text ? 200 : 404, {
      'content-type': contentTypes[extname(file)] ?? 'text/plain',
      'content-security-policy': `default-src 'self' ${hashesOf(text)}; connect-src 'self' ${connect}; img-src data:`,
    })
    res.end(text)
  })
}

/** SvelteKit starts by a script in the page, which the policy has to name. */
function hashesOf(html: string): string {
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
  return scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`).join(' ')
}

const timeout = 20_000
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const path = (page: Page) => {
  const { pathname, search } = new URL(page.url())
  return pathname + search
}

describe.each(examples)('examples/$name', ({ name, signedOut }) => {
  let site: LoopbackServer
  let server: AuthorizationServer
  let api: Api
  beforeAll(async () => {
    const project = join(folder, name)
    await cp(join(root, 'examples', name), project, { recursive: true })
    await execute(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: project })
    site = await serve(join(project, 'dist'), () => ({
      'https://as.example.com': server.issuer,
      'https://api.example.com': api.origin,
    }))
    server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
    api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [site.origin] })
  })
  afterAll(() => Promise.all([site?.refuse(), server?.stop(), api?.stop()]))

  it('guards its notes, signs in, calls the API, and signs out in every tab', async () => {
    const context = await browser.newContext()
    const problems: string[] = []
    const open = async (url: string) => {
      const page = await context.newPage()
      page.on('pageerror', ({ message }) => problems.push(message))
      await page.goto(url)
      return page
    }
    const first = await open(`${site.origin}/notes?page=2`)
    await button(first, 'Sign in').waitFor({ timeout })
    expect(path(first)).toBe(signedOut)
    expect(api.requests).toEqual([])

    await button(first, 'Sign in').click()
    await button(first, 'Sign out').waitFor({ timeout })
    await expect.poll(() => first.getByRole('listitem').count(), { timeout }).toBeGreaterThan(0)
    expect(path(first)).toBe('/notes?page=2')
    expect(await first.getByRole('heading').textContent()).toBe('Notes of alice')

    const second = await open(`${site.origin}/`)
    await button(second, 'Sign out').waitFor({ timeout })
    expect(path(second)).toBe('/notes')
    await button(second, 'Sign out').click()
    for (const page of [first, second]) await button(page, 'Sign in').waitFor({ timeout })
    expect(path(first)).toBe(signedOut)
    await expect.poll(() => server.revocations.length, { timeout }).toBeGreaterThan(0)
    expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])

    // It stays signed out: nothing signs in by itself.
    await first.reload()
    await button(first, 'Sign in').waitFor({ timeout })
    expect(problems).toEqual([])
    await context.close()
  })
})

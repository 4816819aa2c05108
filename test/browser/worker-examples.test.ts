import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { scriptsInto } from '../../rollup.config.mjs'
import { root } from '../../scripts/entries.mjs'
import { type Chromium, startChromium } from '../support/browser/chromium.ts'
import { createTab, type Tab } from '../support/browser/tab.ts'
import { waitFor } from '../support/browser/wait-for.ts'

const execute = promisify(execFile)
const examples = [
  {
    name: 'worker-vite',
    build: [join(root, 'node_modules/vite/bin/vite.js'), 'build'],
    worker: /^\/assets\/worker-.*\.js$/,
  },
  {
    name: 'worker-rollup',
    build: [join(root, 'node_modules/rollup/dist/bin/rollup'), '--config', '--silent'],
    worker: /^\/refresh-worker\.js$/,
  },
]

let folder: string
let chromium: Chromium
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-examples-'))
  chromium = await startChromium()
  await installInto(folder)
})
afterAll(async () => {
  await chromium?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What `npm install` does: the package as it is published, and beside it what it and the examples need. */
async function installInto(folder: string) {
  const modules = join(folder, 'node_modules')
  for (const scripts of scriptsInto(join(modules, 'tokenward/dist')))
    await (await rollup(scripts)).write(scripts.output)
  await cp(join(root, 'package.json'), join(modules, 'tokenward/package.json'))
  for (const name of ['idb-keyval', 'vite', '@rollup/plugin-node-resolve', 'rollup-plugin-esbuild']) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
}

const contentTypes: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Serves what was built; every other path is the page. */
async function serve(files: string, html: string, paths: string[], issuer: () => string): Promise<LoopbackServer> {
  return startLoopbackServer(async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    paths.push(pathname)
    const file = extname(pathname) ? join(files, pathname) : html
    const text = (await readFile(file, 'utf8').catch(() => '')).replace('https://as.example.com', issuer)
    res.writeHead(text ? 200 : 404, {
      'content-type': contentTypes[extname(file)] ?? 'text/plain',
      'content-security-policy': `default-src 'self'; connect-src 'self' ${issuer()}; img-src data:`,
    })
    res.end(text)
  })
}

async function openTab(url: string, browserContextId: string): Promise<Tab> {
  const { targetId } = await chromium.send<{ targetId: string }>('Target.createTarget', { url, browserContextId })
  const attached = await chromium.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  return createTab(chromium, targetId, attached.sessionId)
}

const press = (tab: Tab, id: string) => tab.click((id) => document.getElementById(id)?.click(), id)
const shows = (tab: Tab, status: string) =>
  tab.until((status) => document.querySelector('#status')?.textContent === status, status)

describe.each(examples)('examples/$name', ({ name, build, worker }) => {
  const paths: string[] = []
  let site: LoopbackServer
  let server: AuthorizationServer
  beforeAll(async () => {
    const project = join(folder, name)
    await cp(join(root, 'examples', name), project, { recursive: true })
    await execute(process.execPath, build, { cwd: project })
    const files = join(project, 'dist')
    // Vite writes the page, too; Rollup leaves it where it is.
    const html = join(name === 'worker-vite' ? files : project, 'index.html')
    site = await serve(files, html, paths, () => server.issuer)
    server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
  })
  afterAll(() => Promise.all([site?.refuse(), server?.stop()]))

  it('RT-10: is built, and its refresh outlives the tab that began it', async () => {
    const { browserContextId } = await chromium.send<{ browserContextId: string }>('Target.createBrowserContext')
    const first = await openTab(`${site.origin}/`, browserContextId)
    await shows(first, 'signedOut')
    await press(first, 'sign-in')
    await first.until(() => location.pathname === '/callback')
    await shows(first, 'signedIn')
    const second = await openTab(`${site.origin}/`, browserContextId)
    await shows(second, 'signedIn')

    server.reset()
    server.setLatency(300, 'after')
    await press(first, 'refresh')
    const refreshes = () => server.requests.filter(({ grantType }) => grantType === 'refresh_token').length
    await waitFor(() => refreshes() === 1)
    await first.close()
    await press(second, 'refresh')
    await shows(second, 'refreshed')
    expect(refreshes()).toBe(1)
    expect(server.reuseCount).toBe(0)
    expect(paths.filter((path) => worker.test(path)).length).toBeGreaterThan(0)
  })
})

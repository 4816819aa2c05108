import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import type { LoopbackServer } from '../../examples/demo/loopback-server.ts'
import { root } from '../../scripts/entries.mjs'
import { installPackage, serveBuilt } from '../support/browser/built-example.ts'
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
  await installPackage(folder, ['vite', '@rollup/plugin-node-resolve', 'rollup-plugin-esbuild'])
})
afterAll(async () => {
  await chromium?.stop()
  await rm(folder, { recursive: true, force: true })
})

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
    site = await serveBuilt({
      files,
      // Vite writes the page, too; Rollup leaves it where it is.
      page: join(name === 'worker-vite' ? files : project, 'index.html'),
      addresses: () => ({ 'https://as.example.com': server.issuer }),
      onRequest: (path) => paths.push(path),
    })
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

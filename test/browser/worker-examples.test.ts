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
import { driveWorkerApp } from '../support/browser/worker-app.ts'

const execute = promisify(execFile)
const vite = [join(root, 'node_modules/vite/bin/vite.js'), 'build']
const rollup = [join(root, 'node_modules/rollup/dist/bin/rollup'), '--config', '--silent']
const trustedTypes = "require-trusted-types-for 'script'; trusted-types refresh-worker"
const packages = ['vite', '@rollup/plugin-node-resolve', 'rollup-plugin-esbuild', 'esbuild']

// Vite writes the page, too; with the others it stays where it is.
const examples = [
  { name: 'worker-vite', build: vite, page: 'dist/index.html', worker: /^\/assets\/worker-.*\.js$/, policy: '' },
  {
    name: 'worker-trusted-types',
    build: vite,
    page: 'dist/index.html',
    worker: /^\/assets\/worker-.*\.js$/,
    policy: trustedTypes,
  },
  { name: 'worker-rollup', build: rollup, page: 'index.html', worker: /^\/refresh-worker\.js$/, policy: '' },
  {
    name: 'worker-esbuild',
    build: ['esbuild.config.mjs'],
    page: 'index.html',
    worker: /^\/refresh-worker\.js$/,
    policy: '',
  },
]

let folder: string
let chromium: Chromium
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-examples-'))
  chromium = await startChromium()
  await installPackage(folder, packages)
})
afterAll(async () => {
  await chromium?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe.each(examples)('examples/$name', ({ name, build, page, worker, policy }) => {
  const paths: string[] = []
  let site: LoopbackServer
  let server: AuthorizationServer
  beforeAll(async () => {
    const project = join(folder, name)
    await cp(join(root, 'examples', name), project, { recursive: true })
    await execute(process.execPath, build, { cwd: project })
    site = await serveBuilt({
      files: join(project, 'dist'),
      page: join(project, page),
      addresses: () => ({ 'https://as.example.com': server.issuer }),
      policy,
      onRequest: (path) => paths.push(path),
    })
    server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
  })
  afterAll(() => Promise.all([site?.refuse(), server?.stop()]))

  it('RT-10: is built, and its refresh outlives the tab that began it', async () => {
    await driveWorkerApp(chromium, site.origin, server)
    expect(paths.filter((path) => worker.test(path)).length).toBeGreaterThan(0)
  })
})

import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import type { LoopbackServer } from '../../examples/demo/loopback-server.ts'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { installPackage, serveBuilt } from '../support/browser/built-example.ts'
import { driveNotesApp } from '../support/browser/notes-app.ts'

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
  await installPackage(folder, ['vite', ...examples.flatMap(({ packages }) => packages)])
})
afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each(examples)('examples/$name', ({ name, signedOut }) => {
  let site: LoopbackServer
  let server: AuthorizationServer
  let api: Api
  beforeAll(async () => {
    const project = join(folder, name)
    await cp(join(root, 'examples', name), project, { recursive: true })
    await execute(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: project })
    site = await serveBuilt({
      files: join(project, 'dist'),
      addresses: () => ({ 'https://as.example.com': server.issuer, 'https://api.example.com': api.origin }),
    })
    server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
    api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [site.origin] })
  })
  afterAll(() => Promise.all([site?.refuse(), server?.stop(), api?.stop()]))

  it('guards its notes, signs in, calls the API, and signs out in every tab', async () => {
    const isRevoked = () => server.revocations.length > 0
    await driveNotesApp(browser, { origin: site.origin, signedOut, api, isRevoked })
    expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])
  })
})

import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { root } from '../../scripts/entries.mjs'
import { appFolder } from '../../scripts/platform-packages.mjs'
import { serveBuilt } from '../support/browser/built-example.ts'
import { startChromium } from '../support/browser/chromium.ts'
import { driveWorkerApp } from '../support/browser/worker-app.ts'

const execute = promisify(execFile)
const folder = appFolder('webpack')
const project = join(folder, 'worker-webpack')

it('RT-10: examples/worker-webpack is built, and its refresh outlives the tab, with Trusted Types', async () => {
  rmSync(project, { recursive: true, force: true })
  cpSync(join(root, 'examples/worker-webpack'), project, { recursive: true })
  await execute(process.execPath, [join(folder, 'node_modules/webpack/bin/webpack.js')], { cwd: project })
  const paths: string[] = []
  let issuer = ''
  const site = await serveBuilt({
    files: join(project, 'dist'),
    page: join(project, 'index.html'),
    addresses: () => ({ 'https://as.example.com': issuer }),
    policy: "require-trusted-types-for 'script'; trusted-types refresh-worker",
    onRequest: (path) => paths.push(path),
  })
  const server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
  const chromium = await startChromium()
  try {
    issuer = server.issuer
    await driveWorkerApp(chromium, site.origin, server)
    expect(paths.filter((path) => /^\/\d+\.main\.js$/.test(path)).length).toBeGreaterThan(0)
  } finally {
    await Promise.all([chromium.stop(), site.refuse(), server.stop()])
  }
}, 300_000)

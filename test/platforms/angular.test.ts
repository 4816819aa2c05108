import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import type { LoopbackServer } from '../../examples/demo/loopback-server.ts'
import { root } from '../../scripts/entries.mjs'
import { appFolder, frameworkApps } from '../../scripts/platform-packages.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { serveBuilt } from '../support/browser/built-example.ts'
import { driveNotesApp } from '../support/browser/notes-app.ts'

const execute = promisify(execFile)
const folder = appFolder('angular')
const project = join(folder, 'notes')

describe('examples/angular', () => {
  let browser: Browser
  let site: LoopbackServer
  let server: AuthorizationServer
  let api: Api
  beforeAll(async () => {
    rmSync(project, { recursive: true, force: true })
    cpSync(join(root, 'examples/angular'), project, { recursive: true })
    await execute(process.execPath, [join(folder, 'node_modules/@angular/cli/bin/ng.js'), 'build'], { cwd: project })
    browser = await chromium.launch(chromiumLaunchOptions())
    site = await serveBuilt({
      files: join(project, 'dist'),
      addresses: () => ({ 'https://as.example.com': server.issuer, 'https://api.example.com': api.origin }),
    })
    server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
    api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [site.origin] })
  }, 300_000)
  afterAll(() => Promise.all([browser?.close(), site?.refuse(), server?.stop(), api?.stop()]))

  it('asks for the versions that are tested', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    const { tokenward: own, ...others } = { ...dependencies, ...devDependencies }
    expect(own).toBeDefined()
    expect(frameworkApps.angular).toMatchObject(others)
  })

  it('guards its notes, signs in, calls the API, and signs out in every tab', async () => {
    const isRevoked = () => server.revocations.length > 0
    const signedOut = '/sign-in?returnTo=%2Fnotes%3Fpage%3D2'
    await driveNotesApp(browser, { origin: site.origin, signedOut, api, isRevoked })
    expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])
  })
})

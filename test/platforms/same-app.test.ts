import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApi } from '../../examples/demo/api.ts'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { root } from '../../scripts/entries.mjs'
import { appFolder } from '../../scripts/platform-packages.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { serveBuilt } from '../support/browser/built-example.ts'
import { bundleSameApp } from '../support/browser/bundled-same-app.ts'

const project = join(appFolder('same-app'), 'app')
const timeout = 20_000
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
  rmSync(project, { recursive: true, force: true })
  cpSync(join(root, 'bench/same-app'), project, { recursive: true })
})
afterAll(() => browser?.close())

/** Bundles the app of that name. */
async function bundle(name: string): Promise<string> {
  const files = join(project, name)
  mkdirSync(files)
  cpSync(join(project, 'index.html'), join(files, 'index.html'))
  await bundleSameApp(project, name, files)
  return files
}

it.each(['tokenward', 'react-oidc-context'])('bench/same-app with %s does all of what is compared', async (name) => {
  let addresses = {}
  const site = await serveBuilt({ files: await bundle(name), addresses: () => addresses })
  const server = await startAuthorizationServer({ redirectUris: [`${site.origin}/callback`], autoLogin: 'alice' })
  const api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [site.origin] })
  addresses = { 'https://as.example.com': server.issuer, 'https://api.example.com': api.origin }
  const context = await browser.newContext()
  try {
    const first = await context.newPage()
    await first.goto(site.origin)
    await button(first, 'Sign in').waitFor({ timeout })
    expect(api.requests).toEqual([])

    await button(first, 'Sign in').click()
    await button(first, 'Sign out').waitFor({ timeout })
    await expect.poll(() => first.getByRole('listitem').count(), { timeout }).toBeGreaterThan(0)
    expect(await first.getByRole('heading').textContent()).toBe('Notes of alice')
    expect(first.url()).toBe(`${site.origin}/callback`)

    const second = await context.newPage()
    await second.goto(site.origin)
    await button(second, 'Sign out').waitFor({ timeout })
    await button(second, 'Sign out').click()
    for (const page of [first, second]) await button(page, 'Sign in').waitFor({ timeout })
    await expect.poll(() => server.revocations.length, { timeout }).toBeGreaterThan(0)
    await first.reload()
    await button(first, 'Sign in').waitFor({ timeout })
  } finally {
    await context.close()
    await Promise.all([site.refuse(), server.stop(), api.stop()])
  }
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { startServers } from '../../examples/demo/servers.ts'
import { startTwoWays } from '../../examples/demo/two-ways.ts'
import { startWebsite } from '../../examples/website/website.ts'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { openExample } from '../support/browser/example-site.ts'
import { faultsOnScreens } from '../support/browser/serious-faults.ts'

// The apps of the frameworks are looked at while they are driven: test/support/browser/notes-app.ts.

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

/** A page that axe may look into, whatever its content policy says. */
async function open(url: string): Promise<Page> {
  const context = await browser.newContext({ bypassCSP: true })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(url)
  return page
}

const press = (page: Page, name: string) => page.getByRole('button', { name }).first().click()

describe('no serious fault that axe finds, on a desktop and on a phone', () => {
  it('in the demo: signed out, at the sign-in page, and after a theft', { timeout: 120_000 }, async () => {
    const servers = await startServers({ ttl: 120, port: 0 })
    onTestFinished(() => servers.stop())
    const page = await open(servers.url)
    await page.locator('body[data-status=signedOut]').waitFor()
    expect(await faultsOnScreens(page)).toEqual([])

    await press(page, 'Sign in')
    await page.getByRole('button', { name: 'Continue as Alice' }).waitFor()
    expect(await faultsOnScreens(page)).toEqual([])

    await press(page, 'Continue as Alice')
    await page.locator('body[data-status=signedIn]').waitFor()
    await press(page, 'Call the API')
    await press(page, 'Use stolen tokens elsewhere')
    await page.getByText('elsewhere').first().waitFor()
    expect(await faultsOnScreens(page)).toEqual([])
  })

  it('in the page that is there twice, before and after the thief', { timeout: 120_000 }, async () => {
    const ways = await startTwoWays({ ttl: 120 })
    onTestFinished(() => ways.stop())
    const page = await open(ways.url)
    await page.locator('#in-the-page[data-status=signedOut]').waitFor()
    expect(await faultsOnScreens(page)).toEqual([])

    await page.locator('#in-the-page').getByRole('button', { name: 'Sign in' }).click()
    await press(page, 'Continue as Alice')
    await page.locator('#in-the-page[data-status=signedIn]').waitFor()
    await press(page, 'Let the thief in')
    await page.locator('#in-the-page').getByText('The thief').waitFor()
    expect(await faultsOnScreens(page)).toEqual([])
  })

  it('in the website, before and after the sign-in', { timeout: 120_000 }, async () => {
    const website = await startWebsite()
    onTestFinished(() => website.stop())
    const page = await open(website.url)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await faultsOnScreens(page)).toEqual([])

    await press(page, 'Sign in')
    await press(page, 'Continue as Alice')
    await page.getByText('Hello alice').waitFor()
    expect(await faultsOnScreens(page)).toEqual([])
  })

  const workers = readdirSync(join(root, 'examples')).filter((name) => /^worker-(?!next)/.test(name))
  it.each(workers)('in examples/%s', async (name) => {
    const text = readFileSync(join(root, 'examples', name, 'index.html'), 'utf8')
    const server = await startLoopbackServer((_, res) => void res.setHeader('content-type', 'text/html').end(text))
    onTestFinished(() => server.refuse())
    expect(await faultsOnScreens(await open(server.origin))).toEqual([])
  })

  it('in the panel', { timeout: 60_000 }, async () => {
    const { page, app } = await openExample(browser, 'browser-devtools')
    await page.goto(`${app.origin}/`)
    await page.locator('tokenward-devtools').waitFor()
    expect(await faultsOnScreens(page)).toEqual([])
  })

  it('would be found', async () => {
    const server = await startLoopbackServer(
      (_, res) =>
        void res
          .setHeader('content-type', 'text/html')
          .end('<!doctype html><title>A</title><main><button></button><div style="width: 600px">B</div></main>'),
    )
    onTestFinished(() => server.refuse())
    expect(await faultsOnScreens(await open(server.origin))).toEqual([
      expect.stringContaining('desktop: button-name'),
      expect.stringContaining('desktop: html-has-lang'),
      expect.stringContaining('phone: button-name'),
      expect.stringContaining('phone: html-has-lang'),
      expect.stringMatching(/^phone: the page is \d+ px wider than the screen$/),
    ])
  })
})

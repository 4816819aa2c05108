import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { openExample } from '../support/browser/example-site.ts'
import { seriousFaults } from '../support/browser/serious-faults.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

const rows = (page: Page, type: string) =>
  page.evaluate(
    (type) =>
      [...(document.querySelector('tokenward-devtools')?.shadowRoot?.querySelectorAll('li') ?? [])].filter(
        (row) => row.children[2]?.textContent === type,
      ).length,
    type,
  )
const text = (page: Page) =>
  page.evaluate(() => document.querySelector('tokenward-devtools')?.shadowRoot?.textContent ?? '')
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const timeout = 20_000

it('ERR-01: the panel shows what all tabs do, plays with them, and never shows a token or a person', async () => {
  const { server, page, said, heard } = await openExample(browser, 'browser-devtools')
  const context = page.context()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await heard(1)
  expect(said).toEqual(['new here'])
  await page.click('#sign-in')
  await expect.poll(() => rows(page, 'signed_in'), { timeout }).toBe(1)
  expect(await text(page)).toContain('signed in')

  const second = await context.newPage()
  await second.goto(page.url().replace('/callback', '/second'))
  await expect.poll(() => text(second), { timeout }).toContain('signed_in')
  await press(page, 'Refresh')
  await expect.poll(() => rows(page, 'refreshed'), { timeout }).toBe(1)
  await expect.poll(() => rows(page, 'adopted'), { timeout }).toBe(1)
  await expect.poll(() => rows(second, 'refreshed'), { timeout }).toBe(1)

  await press(page, 'Expire')
  await press(page, 'Refresh')
  await expect.poll(() => rows(page, 'refreshed'), { timeout }).toBeGreaterThan(1)
  // Tabs whose clocks differed would refresh in turn, for ever.
  await expect.poll(() => text(second), { timeout }).toContain('tokens number 3')
  expect(await text(second)).not.toContain('tokens number 6')

  await press(page, 'Go offline')
  await press(page, 'Refresh')
  await expect.poll(() => text(page), { timeout }).toContain('Refresh: ERR_TEMPORARILY_UNAVAILABLE')
  await press(page, 'Go online')

  await press(page, 'Copy report')
  await expect.poll(() => text(page), { timeout }).toContain('Copied')
  const report = await page.evaluate(() => navigator.clipboard.readText())
  expect(report).toContain('refresh_failed: Got no new tokens')

  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect([colorScheme, ...(await seriousFaults(page))]).toEqual([colorScheme])
  }

  const shown = [await text(page), await text(second), report]
  for (const secret of [...Object.values(server.lastIssued ?? {}), 'eyJ', 'alice'])
    if (typeof secret === 'string' && secret.length > 2)
      expect(
        shown.filter((each) => each.includes(secret)),
        secret,
      ).toEqual([])

  await press(second, 'Sign out')
  await expect.poll(() => text(second), { timeout }).toContain('The session ended because signOut() was called.')
  await expect.poll(() => text(page), { timeout }).toContain('The session ended because signOut() was called.')
  await page.reload()
  await heard(2)
  expect(said.at(-1)).toBe('The session ended because signOut() was called.')
})

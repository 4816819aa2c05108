import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWebsite, type Website } from '../../examples/website/website.ts'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'

let website: Website
let browser: Browser
beforeAll(async () => {
  ;[website, browser] = await Promise.all([startWebsite(), chromium.launch(chromiumLaunchOptions())])
})
afterAll(async () => {
  await browser?.close()
  await website?.stop()
})

const says = (page: Page, text: string) => page.getByText(text).first().waitFor({ timeout: 60_000 })

async function visit() {
  const context = await browser.newContext()
  const open = async () => {
    const page = await context.newPage()
    await page.goto(website.url)
    return page
  }
  const page = await open()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Continue as Alice' }).click()
  await says(page, 'Hello alice')
  return { context, page, open }
}

describe('the example of a website with its own backend', () => {
  it('signs in, shows notes, and signs out in every tab, with nothing in the browser but a name', async () => {
    const { context, page, open } = await visit()
    const second = await open()
    await says(second, 'Signed in as Alice')
    const kept = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])
    expect(kept).toEqual(['', 0, 0])
    const own = (await context.cookies(website.url)).filter(({ name }) => name === 'session')
    expect(own).toMatchObject([{ httpOnly: true, sameSite: 'Strict', value: expect.stringMatching(/^[\w-]{43}$/) }])

    await page.getByRole('button', { name: 'Sign out' }).click()
    await says(second, 'Signed out')
    await page.getByRole('button', { name: 'Sign out here too' }).click()
    await page.waitForURL(website.url)
    await says(page, 'Signed out')
    await context.close()
  })

  it('shows a logout at the authorization server at once, whichever host hears of it', async () => {
    const { context, page } = await visit()
    await website.authorizationServer.logOutEverywhere()
    await says(page, 'Signed out (session_ended)')
    await context.close()
  })

  it('goes on with one host when the other is gone', async () => {
    const { context, page } = await visit()
    website.hosts[0]?.process.kill('SIGKILL')
    await expect.poll(() => website.hosts.length).toBe(1)
    await page.reload()
    await says(page, 'Hello alice')
    await context.close()
  })
})

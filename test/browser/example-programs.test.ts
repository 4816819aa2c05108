import { fileURLToPath } from 'node:url'
import { type Browser, chromium, firefox } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumLaunchOptions, findFirefox } from '../../scripts/programs.mjs'
import { openExample } from '../support/browser/example-site.ts'

const FIREFOX = findFirefox()

const startFirefox = () =>
  firefox.launch({
    channel: 'moz-firefox',
    headless: true,
    executablePath: fileURLToPath(new URL('../chaos/firefox.sh', import.meta.url)),
    env: { ...process.env, FIREFOX },
  })

const engines: readonly (readonly [string, () => Promise<Browser>])[] = [
  ['Chromium', () => chromium.launch(chromiumLaunchOptions())],
  ...(FIREFOX ? [['Firefox', startFirefox] as const] : []),
]

describe.each(engines)('in %s', (_, start) => {
  let browser: Browser
  beforeAll(async () => {
    browser = await start()
  })
  afterAll(() => browser?.close())

  it('ACQ-20: the program for several APIs calls each with a token of its own', async () => {
    const { server, api, other, page, said, heard } = await openExample(browser, 'browser-several-apis')
    await heard(2)
    expect(said).toEqual(['notes: 200, mail: 200', 'a Bearer token for urn:example:mail'])
    await page.reload()
    await heard(4)
    const tokens = [api, other].map(({ requests }) => [...new Set(requests.map(({ token }) => token))])
    expect(tokens.map(({ length }) => length)).toEqual([1, 1])
    expect(tokens[0]).not.toEqual(tokens[1])
    expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token'])
    await page.click('#sign-out')
    await expect.poll(() => server.revocations.some(({ status }) => status === 200)).toBe(true)
  })

  it('USE-14: the program with step-up asks for what the bank wants, and transfers once it is back', async () => {
    const policy = { acrValues: ['urn:example:passkey'] }
    const { server, other, page, said, heard } = await openExample(browser, 'browser-step-up', { policy })
    await heard(1)
    server.setAutoLogin(undefined)
    await page.click('#transfer')
    await page.click('button.quiet')
    await heard(4)
    expect(said).toEqual([
      ...['notes: 200', 'the bank wants urn:example:passkey', 'no transfer: cancelled', 'notes: 200'],
    ])
    server.setAutoLogin('alice')
    await page.click('#transfer')
    await heard(7)
    expect(said.slice(4)).toEqual(['the bank wants urn:example:passkey', 'transferred: 200', 'notes: 200'])
    expect(other.requests.map(({ status }) => status)).toEqual([401, 401, 200])
  })

  it('the program with a popup stays where it is, signs in, survives a reload and says when it is not let in', async () => {
    const { app, server, page, said, heard } = await openExample(browser, 'browser-popup')
    server.setAutoLogin(undefined)
    const [window] = await Promise.all([page.waitForEvent('popup'), page.click('#sign-in')])
    await window.click('button.quiet')
    await heard(1)
    server.setAutoLogin('alice')
    const [again] = await Promise.all([page.waitForEvent('popup'), page.click('#sign-in')])
    await heard(2)
    await expect.poll(() => [window.isClosed(), again.isClosed()]).toEqual([true, true])
    await page.reload()
    await heard(3)
    await page.click('#sign-out')
    await heard(4)
    expect(said).toEqual(['not signed in: cancelled', 'notes: 200', 'notes: 200', 'signed out'])
    expect([page.url(), server.requests.length]).toEqual([`${app.origin}/`, 1])
  })
})

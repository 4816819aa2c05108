import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Dpop } from '../../examples/demo/provider-configuration.ts'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { openExample } from '../support/browser/example-site.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

it.each<[string, string, Dpop, string[], number[]]>([
  ['the program of the README', 'browser-basic', 'offered', ['{notes: Array(2)}'], [200, 200]],
  [
    'the program with DPoP',
    'browser-dpop',
    'required with nonces',
    ['{notes: Array(2)}', 'posted: 200'],
    [401, 200, 200],
  ],
])('%s signs in, calls the API, survives a reload and signs out', async (_, name, dpop, says, statuses) => {
  const { app, server, api, page, said, heard } = await openExample(browser, name, { server: { dpop } })
  await heard(says.length)
  expect(page.url()).toBe(`${app.origin}/callback`)

  await page.reload()
  await heard(2 * says.length)
  expect(said).toEqual([...says, ...says])
  expect(new Set(api.requests.map(({ subject }) => subject))).toEqual(
    new Set(statuses[0] === 401 ? [undefined, 'alice'] : ['alice']),
  )
  expect(api.requests.map(({ status }) => status).slice(0, statuses.length)).toEqual(statuses)
  expect(new Set(server.requests.map(({ grantType }) => grantType))).toEqual(new Set(['authorization_code']))

  // Also while the API takes its time.
  await page.route(`${api.origin}/**`, () => {})
  await page.reload()
  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200), { timeout: 10_000 }).toBe(true)
  expect(said.slice(2 * says.length)).toEqual([])
})

import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { openExample } from '../support/browser/example-site.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

it('the program of the README signs in by a click, goes back to where that began, survives a reload and signs out for good', async () => {
  const { app, server, api, page, said, heard } = await openExample(browser, 'browser-basic')
  expect(server.requests).toEqual([])

  await page.goto(`${app.origin}/notes`)
  await page.click('#sign-in')
  const says = 'Notes of alice: {notes: Array(2)}'
  await heard(1)
  expect(page.url()).toBe(`${app.origin}/notes`)

  await page.reload()
  await heard(2)
  expect(said).toEqual([says, says])
  expect(api.requests.map(({ status, subject }) => [status, subject])).toEqual([
    [200, 'alice'],
    [200, 'alice'],
  ])
  expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])

  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200)).toBe(true)
  await page.reload()
  await page.waitForLoadState('networkidle')
  expect(said).toEqual([says, says])
  expect(api.requests).toHaveLength(2)
})

it('the program with DPoP signs in, calls the API, survives a reload and signs out', async () => {
  const server = { dpop: 'required with nonces' } as const
  const site = await openExample(browser, 'browser-dpop', { server })
  const says = ['{notes: Array(2)}', 'posted: 200']
  await site.heard(2)
  expect(site.page.url()).toBe(`${site.app.origin}/callback`)

  await site.page.reload()
  await site.heard(4)
  expect(site.said).toEqual([...says, ...says])
  expect(new Set(site.api.requests.map(({ subject }) => subject))).toEqual(new Set([undefined, 'alice']))
  expect(site.api.requests.map(({ status }) => status).slice(0, 3)).toEqual([401, 200, 200])
  expect(new Set(site.server.requests.map(({ grantType }) => grantType))).toEqual(new Set(['authorization_code']))

  // Also while the API takes its time.
  await site.page.route(`${site.api.origin}/**`, () => {})
  await site.page.reload()
  await site.page.click('#sign-out')
  await expect.poll(() => site.server.revocations.some(({ status }) => status === 200)).toBe(true)
  expect(site.said.slice(4)).toEqual([])
})

import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Dpop } from '../../examples/demo/provider-configuration.ts'
import { chromiumLaunchOptions } from '../../scripts/chromium.mjs'
import { type ExampleSite, startExample } from '../support/browser/example-site.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

/** Opens a page there, in a profile of its own, and notes what it says. */
async function visit(site: ExampleSite) {
  const context = await browser.newContext()
  onTestFinished(async () => void (await Promise.all([context.close(), site.stop()])))
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => {
    // Chromium reports a 400 or 401 itself: this server revokes no JWT, and asks for a nonce.
    if (!message.text().startsWith('Failed to load resource')) said.push(message.text())
  })
  page.on('pageerror', ({ message }) => said.push(message))
  await page.goto(site.app.origin)
  const heard = (count: number) => expect.poll(() => said.length, { timeout: 10_000 }).toBe(count)
  return { ...site, page, said, heard }
}

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
  const { app, server, api, page, said, heard } = await visit(await startExample(name, { server: { dpop } }))
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

  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200), { timeout: 10_000 }).toBe(true)
  expect(said.slice(2 * says.length)).toEqual([])
})

it('ACQ-20: the program for several APIs calls each with a token of its own', async () => {
  const { server, api, other, page, said, heard } = await visit(await startExample('browser-several-apis'))
  await heard(2)
  expect(said).toEqual(['notes: 200, mail: 200', 'a Bearer token for urn:example:mail'])
  await page.reload()
  await heard(4)
  const tokens = [api, other].map(({ requests }) => [...new Set(requests.map(({ token }) => token))])
  expect(tokens.map(({ length }) => length)).toEqual([1, 1])
  expect(tokens[0]).not.toEqual(tokens[1])
  expect(server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token'])
  await page.click('#sign-out')
  await expect.poll(() => server.revocations.some(({ status }) => status === 200), { timeout: 10_000 }).toBe(true)
})

it('USE-14: the program with step-up asks for what the bank wants, and transfers once it is back', async () => {
  const policy = { acrValues: ['urn:example:passkey'] }
  const { server, other, page, said, heard } = await visit(await startExample('browser-step-up', { policy }))
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
  const { app, server, page, said, heard } = await visit(await startExample('browser-popup'))
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
  expect(said).toEqual(['not signed in: cancelled', '{notes: Array(2)}', '{notes: Array(2)}', 'signed out'])
  expect([page.url(), server.requests.length]).toEqual([`${app.origin}/`, 1])
})

import type { Page } from 'playwright-core'
import type { Stage } from './check.ts'

/** What a person does with the demo in two tabs, from the first sign-in to a sign-out without a network. */
export async function story({ servers, browser, open, step, complaints, photograph }: Stage): Promise<void> {
  const { authorizationServer: server, api } = servers
  // What is asked for a nonce is sent again: it counts once.
  const requests = () => server.requests.filter(({ outcome }) => outcome !== 'use_dpop_nonce')
  const refreshes = () => requests().filter(({ grantType }) => grantType === 'refresh_token').length
  const revoked = () => server.revocations.filter(({ status }) => status === 200).length
  const first = await open()

  await step('Open the page', 'Signed out', () => who(first))
  await step('Sign in as Alice', 'Signed in as Alice, 1 token request', async () => {
    await signIn(first)
    return `${await who(first)}, ${requests().length} token request`
  })
  const second = await open()
  await step('Open another tab', 'Signed in as Alice, 1 token request', async () => {
    await settled(second, 'signedIn')
    return `${await who(second)}, ${requests().length} token request`
  })
  await step('Call the API', 'called the API: answered', () => press(first, 'Call the API'))
  await step('25 calls at once', 'called the API 25 times at once: all answered, 0 refreshes', async () => {
    const said = await press(second, '25 calls at once')
    return `${said}, ${refreshes()} refreshes`
  })
  await step('The API rejects the token', 'called the API: answered, API 401 then 200, 1 refresh', async () => {
    const before = api.requests.length
    const said = await press(first, 'Make the API reject the token')
    const statuses = api.requests.slice(before).map(({ status }) => status)
    return `${said}, API ${statuses.join(' then ')}, ${refreshes()} refresh`
  })
  await step('Expire it, 25 calls in each tab', 'all answered, all answered, 1 refresh, 0 reused', async () => {
    const before = refreshes()
    await first.getByRole('button', { name: 'Expire the token now' }).click()
    const said = await Promise.all([first, second].map((page) => press(page, '25 calls at once')))
    const answers = said.map((text) => text.split(': ')[1])
    return `${answers.join(', ')}, ${refreshes() - before} refresh, ${server.reuseCount} reused`
  })
  await step('Server down, token still good', 'called the API: answered', async () => {
    await first.getByRole('button', { name: 'Take the authorization server down' }).click()
    await first.getByRole('button', { name: 'Bring the authorization server up' }).waitFor()
    return press(first, 'Call the API')
  })
  await step('Server down, token expired', 'ERR_TEMPORARILY_UNAVAILABLE, Signed in as Alice', async () => {
    await first.getByRole('button', { name: 'Expire the token now' }).click()
    const said = await press(first, 'Call the API')
    return `${/ERR_\w+/.exec(said)?.[0] ?? said}, ${await who(first)}`
  })
  await step('Server up again', 'called the API: answered, in both tabs', async () => {
    await first.getByRole('button', { name: 'Bring the authorization server up' }).click()
    await second.getByText('Healthy').waitFor({ timeout: 20_000 })
    const said = new Set(await Promise.all([first, second].map((page) => press(page, 'Call the API'))))
    return `${[...said].join(' / ')}, in both tabs`
  })
  await step(
    'Use stolen tokens elsewhere',
    '401 binding_mismatch twice, 400 invalid_grant, owner: answered',
    async () => {
      const said = await press(first, 'Use stolen tokens elsewhere')
      const told = (await first.locator('#log li', { hasText: 'the thief got' }).first().textContent()) ?? ''
      const got = [...told.matchAll(/(\d{3}) \((\w+)\)/g)].map(([, status, reason]) => `${status} ${reason}`)
      const twice = got[0] === got[1] ? `${got[0]} twice` : `${got[0]}, ${got[1]}`
      return `${twice}, ${got[2]}, owner: ${said.split(': ')[1]}`
    },
  )
  await first.getByLabel('1 min').check()
  await first.waitForTimeout(300)
  await photograph(first)
  // Firefox draws focus only in the window that has it, and there is none.
  if (browser === 'chromium')
    await step('Walk through it by keyboard', 'every stop named and visible', () => walk(first))
  await step('Make it as narrow as a phone', 'nothing beyond 360 px', async () => {
    await first.setViewportSize({ width: 360, height: 740 })
    const width = await first.evaluate(() => document.documentElement.scrollWidth)
    await first.setViewportSize({ width: 1280, height: 1000 })
    return width > 360 ? `${width} px wide` : 'nothing beyond 360 px'
  })
  await step('Sign out in the other tab', 'Signed out in both, 1 revoked', async () => {
    const before = revoked()
    await second.getByRole('button', { name: 'Sign out', exact: true }).click()
    await Promise.all([first, second].map((page) => settled(page, 'signedOut')))
    return `Signed out in both, ${await counted(() => revoked() - before, 1)} revoked`
  })
  for (const [name, button, reason] of [
    ['End the grant at the server', 'Revoke at the server', 'revoked'],
    ['Log out everywhere', 'Log out everywhere', 'session_ended'],
  ] as const)
    await step(name, `token still good, API 401 ${reason}, Signed out in both, told "${reason}"`, async () => {
      await signIn(first)
      await settled(second, 'signedIn')
      const before = api.requests.length
      const left = Number.parseInt((await first.locator('#countdown', { hasText: 's' }).textContent()) ?? '', 10)
      await press(first, button)
      await settled(second, 'signedOut')
      const refused = api.requests.slice(before).filter(({ reason }) => reason !== 'nonce_required')
      const answers = refused.map(({ status, reason }) => `${status} ${reason}`).join(', ')
      const [, why] = /The API refused its token: (.+)/.exec((await first.locator('#health').textContent()) ?? '') ?? []
      return `token ${left > 10 ? 'still good' : 'expired'}, API ${answers}, ${await who(first)} in both, told "${why}"`
    })
  await step('Sign out offline', 'Signed out in both, 0 revoked', async () => {
    await signIn(first)
    await settled(second, 'signedIn')
    const before = revoked()
    await first.getByRole('button', { name: 'Sign out offline' }).click()
    await Promise.all([first, second].map((page) => settled(page, 'signedOut')))
    return `Signed out in both, ${revoked() - before} revoked`
  })
  await step('Reload, then online', 'Signed out, 0 revoked, then 1 revoked', async () => {
    const before = revoked()
    await second.close()
    await first.reload()
    await first.locator('body[data-ready=true]').waitFor()
    const seen = `${await who(first)}, ${revoked() - before} revoked`
    await first.getByRole('button', { name: 'Bring the network back' }).click()
    return `${seen}, then ${await counted(() => revoked() - before, 1)} revoked`
  })
  await step('Look for tokens in clear', '0 of them in storage, log and page', async () => {
    const text = await first.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.body.outerHTML]),
    )
    return `${[...server.issuedTokens].filter((token) => text.includes(token)).length} of them in storage, log and page`
  })
  await step('Listen to the consoles', 'nothing', async () => complaints.join(' | ') || 'nothing')
}

const who = async (page: Page) => (await page.locator('#who').textContent()) ?? ''

const settled = (page: Page, status: 'signedIn' | 'signedOut') => page.locator(`body[data-status=${status}]`).waitFor()

async function signIn(page: Page) {
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Continue as Alice' }).click()
  await settled(page, 'signedIn')
}

/** Presses a button that calls the API; what the log then says, without the time it took. */
async function press(page: Page, name: string): Promise<string> {
  const tab = await page.locator('#tab-badge').textContent()
  const said = page.locator('#log li', { hasText: `${tab} called` })
  const before = await said.count()
  await page.getByRole('button', { name, exact: true }).click()
  await said.nth(before).waitFor()
  const text = (await said.first().locator('span').last().textContent()) ?? ''
  return text.replace(`${tab} `, '').replace(/ in \d+ ms\.$/, '')
}

/** Goes from stop to stop with the Tab key; says which of them a person could not make out. */
async function walk(page: Page): Promise<string> {
  const bad = new Set<string>()
  const stops = new Set<string>()
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return undefined
      const input = element as HTMLInputElement
      const name = element.ariaLabel || input.labels?.[0]?.textContent || element.textContent || ''
      const shown = [element, element.nextElementSibling].some(
        (each) => each && getComputedStyle(each).outlineStyle !== 'none',
      )
      return { name: name.trim().slice(0, 40), shown }
    })
    if (!stop) break
    stops.add(stop.name)
    if (!stop.name || !stop.shown) bad.add(stop.name || 'a nameless one')
  }
  if (stops.size < 10) return `only ${stops.size} stops`
  return bad.size ? `not: ${[...bad].join(', ')}` : 'every stop named and visible'
}

/** Waits until `count()` has reached `expected`, a few seconds at most. */
async function counted(count: () => number, expected: number): Promise<number> {
  for (let waited = 0; count() < expected && waited < 5000; waited += 50)
    await new Promise((next) => setTimeout(next, 50))
  return count()
}

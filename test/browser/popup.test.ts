import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()
afterEach(() => {
  world.server.setAutoLogin('alice')
})

/** Options with which people first come to a page of another origin that wants no other origin's windows (COOP). */
function overHop(path: '/hop' | '/open-hop' = '/hop') {
  const { issuer } = world.server
  const metadata = {
    issuer,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/token/revocation`,
    authorization_endpoint: `${world.site.other}${path}?to=${encodeURIComponent(`${issuer}/auth`)}`,
  }
  return { agent: 'popup', metadata } as const
}

/** Begins a sign-in in `tab`, and gives its window once `at` is true there. `focused`: where the person looks afterwards. */
async function begin(tab: Tab, at: () => boolean, focused: 'page' | 'window' = 'window'): Promise<Tab> {
  // Without a screen every window of this browser says that it has the focus.
  await tab.evaluate((focused) => void Object.assign(document, { hasFocus: () => focused === 'page' }), focused)
  await tab.click(() => void Object.assign(window, { outcome: page.outcome(tokens.signIn()) }))
  await expect.poll(() => profile.tabs.length).toBe(2)
  const window = profile.tabs.find(({ targetId }) => targetId !== tab.targetId) as Tab
  await window.until(at)
  return window
}

const outcomeIn = (tab: Tab) => tab.evaluate(() => (window as unknown as { outcome: Promise<object> }).outcome)
const atHop = () => document.title === 'hop'
const goOn = () => (globalThis as unknown as { hop: { go(): void } }).hop.go()

describe('a popup', () => {
  it('ACQ-12: over a server whose opener policy cuts the window off, it signs in and closes; junk from there changes nothing', async () => {
    const tab = await profile.ready(overHop())
    const window = await begin(tab, atHop)
    expect(await tab.evaluate(() => tokens.state.status)).toBe('signedOut')
    await sleep(500)
    await window.evaluate(goOn)
    expect(await outcomeIn(tab)).toMatchObject({ value: { status: 'signedIn', session: { subject: 'alice' } } })
    await sleep(500)
    expect(profile.tabs).toHaveLength(1)
    expect(world.server.requests.map(({ grantType }) => grantType)).toEqual(['authorization_code'])
  })
  it('ACQ-12: a server without one has no hold on the page that asked, and its junk is nothing to it', async () => {
    const tab = await profile.ready(overHop('/open-hop'))
    const window = await begin(tab, atHop)
    await sleep(500)
    const seen = await window.evaluate(() => (globalThis as unknown as { hop: { opener: string } }).hop.opener)
    expect([seen, await tab.evaluate(() => tokens.state.status), world.server.requests]).toEqual([
      'null',
      'signedOut',
      [],
    ])
    await window.evaluate(goOn)
    expect(await outcomeIn(tab)).toMatchObject({ value: { status: 'signedIn' } })
    await expect.poll(() => profile.tabs.length).toBe(1)
    expect(world.server.requests.map(({ outcome }) => outcome)).toEqual(['ok'])
  })

  it('ACQ-12: a page that took its window for closed is signed in all the same once the person is done there', async () => {
    const tab = await profile.ready(overHop())
    const window = await begin(tab, atHop, 'page')
    expect(await outcomeIn(tab)).toMatchObject({ error: { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' } })
    await window.evaluate(goOn)
    await window.until(() => location.pathname === '/callback' && globalThis.tokens?.state.status === 'signedIn')
    await tab.until(() => tokens.state.status === 'signedIn')
    expect(await window.evaluate(() => location.search)).toBe('')
  })
})

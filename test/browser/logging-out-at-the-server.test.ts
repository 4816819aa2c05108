import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

// A client that hears of logouts has the server's session named in its ID tokens.
useBrowserWorld({ server: { backchannelLogoutUri: 'http://127.0.0.1:9/' } })
afterEach(() => {
  world.server.setAutoLogin('alice')
})

const statusOf = (tab: Tab) =>
  tab.evaluate(() => (tokens.state.status === 'signedOut' ? tokens.state.reason : tokens.state.status))

const sidOf = (tab: Tab) =>
  tab.evaluate(() => (tokens.state.status === 'signedIn' ? `${tokens.state.session.claims?.sid}` : ''))

/** What the logout page says in a frame of a page at `around`. */
async function logOutWithin(around: string, sid: string, iss = world.server.issuer) {
  const inner = `${world.site.origin}/logged-out?${new URLSearchParams({ iss, sid })}`
  const tab = await profile.open({ path: `${around}/around?url=${encodeURIComponent(inner)}` })
  return tab.evaluate(() => (window as unknown as { said: Promise<string> }).said)
}

describe('front-channel logout', () => {
  it('REV-09: within a page of the same site it ends the session that is named, in every tab, and no other', async () => {
    const tabs = [await profile.signedIn(), await profile.ready()]
    const sid = await sidOf(tabs[0] as Tab)
    expect(sid).toMatch(/^[\w-]{16,}$/)
    const { other } = world.site
    expect(await logOutWithin(other, `${sid}x`)).toBe('other_session')
    expect(await logOutWithin(other, sid, `${world.server.issuer}/`)).toBe('other_session')
    expect(await Promise.all(tabs.map(statusOf))).toEqual(['signedIn', 'signedIn'])
    expect(await logOutWithin(other, sid)).toBe('removed')
    for (const tab of tabs) await tab.until(() => tokens.state.status === 'signedOut')
    expect(await Promise.all(tabs.map(statusOf))).toEqual(['session_ended', 'session_ended'])
    await expect.poll(() => world.server.revocations.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await logOutWithin(other, sid)).toBe('not_seen')
  })

  it('REV-09: within a page of another site the browser shows it no session, and it says that', async () => {
    const tab = await profile.signedIn()
    const foreign = world.site.other.replace('127.0.0.1', 'localhost')
    expect(await logOutWithin(foreign, await sidOf(tab))).toBe('not_seen')
    expect(await statusOf(tab)).toBe('signedIn')
    expect(await tab.evaluate(async (url) => (await tokens.fetch(url)).status, `${world.api.origin}/notes`)).toBe(200)
  })
})

describe('RP-initiated logout', () => {
  const returned = (tab: Tab) => tab.evaluate(() => page.library.endSessionReturn() ?? 'nobody')

  it('REV-01 REV-08: the session ends here, then there, and the way back is checked', async () => {
    const postLogoutRedirectUri = `${world.site.origin}/`
    const tab = await profile.signedIn({ postLogoutRedirectUri })
    const before = await tab.evaluate(async () => {
      const report = await tokens.signOut({ endSession: true })
      const { status } = tokens.state
      return { left: page.library.endSession(report, { returnTo: '/elsewhere' }), local: report.local, status }
    })
    expect(before).toEqual({ left: true, local: 'removed', status: 'signedOut' })
    await tab.until(() => document.title.startsWith('Sign out'))
    await tab.evaluate(() => document.querySelector<HTMLButtonElement>('button[name=logout]')?.click())
    await tab.until(() => location.pathname === '/' && 'page' in window)
    expect(await tab.evaluate(() => location.search)).toMatch(/^\?state=[\w-]{22}$/)
    expect(await returned(tab)).toEqual({ returnTo: '/elsewhere' })
    expect(await tab.evaluate(() => location.href)).toBe(postLogoutRedirectUri)
    expect(await returned(tab)).toBe('nobody')
    world.server.setAutoLogin(undefined)
    await tab.evaluate(() => void page.create().signIn())
    // Nobody is signed in at the server either.
    await tab.until(() => document.title.startsWith('Sign in'))
  })

  it('REV-08: what would be a long URL goes as a form', async () => {
    const tab = await profile.open()
    const hint = 'h'.repeat(6_000)
    const to = `${world.site.other}/around?tenant=a&client_id=spa&id_token_hint=${hint}`
    await tab.evaluate((endSessionUrl) => void page.library.endSession({ endSessionUrl }), to)
    await tab.until(() => document.title === 'around')
    const { method, url, body } = world.site.requests.find(({ url }) => url.includes('/around'))!
    expect([method, url, body]).toEqual([
      ...['POST', `${world.site.other}/around?tenant=a`, `client_id=spa&id_token_hint=${hint}`],
    ])
  })

  it('REV-08: a forged return is ignored', async () => {
    const tab = await profile.open({ path: '/?state=forged' })
    await tab.evaluate(() => sessionStorage.setItem('tokenward.end-session', '{"state":"ours"}'))
    expect(await returned(tab)).toBe('nobody')
    expect(await tab.evaluate(() => location.search)).toBe('?state=forged')
  })
})

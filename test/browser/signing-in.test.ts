import { afterEach, describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()
afterEach(() => {
  world.server.setAutoLogin('alice')
  world.site.indiscreet = false
})

/** The callback URL that the browser came back with last. */
const callbackUrl = () => world.site.requests.findLast(({ url }) => url.includes('/callback?'))!.url

const stateOf = (tab: Tab) => tab.evaluate(() => window.tokens.ready())

/** Sends the tab to the authorization server's own page, and waits until it is there. */
async function toSignInPage(tab: Tab) {
  world.server.setAutoLogin(undefined)
  await tab.evaluate(() => void Object.assign(window, { outcome: page.outcome(tokens.signIn()) }))
  await tab.until(() => document.title.startsWith('Sign in'))
}

describe('signing in by redirect', () => {
  it('ACQ-10: nothing of the answer is left in the address bar, the history or a Referer', async () => {
    world.site.indiscreet = true
    const tab = await profile.signedIn()
    const { href, length } = await tab.evaluate(() => ({ href: location.href, length: history.length }))
    expect(href).toBe(`${world.site.origin}/callback`)
    const pixel = world.site.requests.filter(({ url }) => url.endsWith('/pixel'))
    expect(pixel.map(({ headers }) => headers.referer)).toEqual([`${world.site.origin}/callback`])
    const { entries } = await tab.send<{ entries: { url: string }[] }>('Page.getNavigationHistory')
    expect(entries.filter(({ url }) => url.includes('code='))).toEqual([])
    expect(length).toBe(entries.length)
    expect(callbackUrl()).toContain('code=')
  })

  it('ACQ-02 ACQ-10: a reload of the callback page is no second answer', async () => {
    const tab = await profile.signedIn()
    await tab.reload()
    expect(await stateOf(tab)).toMatchObject({ status: 'signedIn' })
    expect(world.server.requests).toHaveLength(1)
  })

  it('ACQ-02: the same answer once more is nobody’s: no request, no event, and the session stays; by hand it is a used state', async () => {
    const tab = await profile.signedIn()
    const used = callbackUrl()
    await tab.goto(used)
    const state = await stateOf(tab)
    const { href, events } = await tab.evaluate(() => ({ href: location.href, events: page.events }))
    expect(state.status).toBe('signedIn')
    expect(events).not.toContainEqual(expect.objectContaining({ type: 'sign_in_failed' }))
    expect(href).not.toContain('code=')
    expect(world.server.requests).toHaveLength(1)
    const again = await tab.evaluate((url) => page.outcome(tokens.completeSignIn(url)), used)
    expect(again).toMatchObject({ error: { code: 'ERR_AUTHORIZATION_REJECTED', reason: 'state_mismatch' } })
  })

  it('ACQ-02: twice at once, as under StrictMode, the answer is used once and both are signed in', async () => {
    const tab = await profile.signedIn({ twice: true })
    expect(await stateOf(tab)).toMatchObject({ status: 'signedIn' })
    expect(world.server.requests).toHaveLength(1)
    expect(await tab.evaluate(() => page.uncaught)).toEqual([])
    expect(await tab.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
  })

  it('the back button leads to the page before, which is signed in too', async () => {
    const tab = await profile.signedIn()
    await tab.back()
    await tab.until(() => location.pathname === '/' && 'page' in window)
    const status = await tab.evaluate(async () => {
      window.tokens ??= page.create()
      await tokens.getAccessToken()
      return { status: tokens.state.status, shown: page.shown }
    })
    expect(status).toEqual({ status: 'signedIn', shown: [false, true] })
    expect(world.server.requests).toHaveLength(1)
  })

  it('ERR-03: back from the sign-in page without an answer, signIn() rejects as cancelled', async () => {
    const tab = await profile.ready()
    await toSignInPage(tab)
    await tab.back()
    await tab.until(() => location.pathname === '/' && 'page' in window)
    const outcome = await tab.evaluate(() => (window as unknown as { outcome: Promise<unknown> }).outcome)
    expect(outcome).toMatchObject({ error: { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' } })
    expect(await tab.evaluate(() => tokens.state)).toEqual({ status: 'signedOut', reason: 'none' })
  })

  it('ERR-03: an error answer is typed, and nothing is stored but that it came', async () => {
    const tab = await profile.ready()
    await toSignInPage(tab)
    await tab.until(() => document.querySelector('button.quiet') !== null)
    await tab.evaluate(() => document.querySelector<HTMLButtonElement>('button.quiet')!.click())
    await tab.until(() => location.pathname === '/callback' && 'page' in window)
    const state = await stateOf(tab)
    expect(state).toMatchObject({ status: 'signedOut' })
    const error = await tab.evaluate(() => {
      const { state } = tokens
      return page.outcome(Promise.reject(state.status === 'signedOut' && state.error))
    })
    expect(error).toMatchObject({ error: { code: expect.stringMatching(/^ERR_AUTHORIZATION_/) } })
    expect(world.server.requests).toHaveLength(0)
    const stored = await tab.evaluate(async () => (await page.opened()).filter(Boolean).flat())
    expect(stored).toEqual([{ inVain: 'access_denied', createdAt: expect.any(Number) }])
  })

  it('ACQ-03 ACQ-10: an error without state is the failed sign-in of the tab that waits, and of no other', async () => {
    const tab = await profile.ready()
    const other = await profile.ready()
    await toSignInPage(tab)
    const answer = `${world.site.origin}/callback?error=server_error`
    for (const each of [tab, other]) await each.goto(answer)
    expect(await stateOf(tab)).toMatchObject({ status: 'signedOut', reason: 'sign_in_failed' })
    expect(await tab.evaluate(() => [location.search, ...Object.values(sessionStorage)])).toEqual(['', ''])
    expect(await stateOf(other)).toEqual({ status: 'signedOut', reason: 'none' })
    expect(await other.evaluate(() => location.search)).toBe('?error=server_error')
  })

  it('ACQ-03: a page that begins the next sign-in by itself is stopped after three that came back in vain', async () => {
    const tab = await profile.ready()
    for (let round = 0; round < 3; round++) {
      await toSignInPage(tab)
      await tab.goto(`${world.site.origin}/callback?error=server_error`)
      expect(await stateOf(tab)).toMatchObject({ reason: 'sign_in_failed' })
    }
    const fourth = await tab.evaluate(() => page.outcome(tokens.signIn()))
    expect(fourth).toMatchObject({ error: { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'sign_in_loop' } })
  })

  it('keeps returnTo, and another tab joins without a sign-in of its own', async () => {
    const other = await profile.ready()
    const tab = await profile.ready()
    await tab.evaluate(() => void tokens.signIn({ returnTo: '/notes?page=2#top' }))
    await tab.until(() => location.pathname === '/callback' && window.tokens?.state.status === 'signedIn')
    expect(await stateOf(tab)).toMatchObject({ session: { returnTo: '/notes?page=2#top', subject: 'alice' } })
    await other.until(() => tokens.state.status === 'signedIn')
    expect(await other.evaluate(async (url) => (await tokens.fetch(url)).status, `${world.api.origin}/notes`)).toBe(200)
  })

  it('ERR-10: everything works under a strict policy with Trusted Types', async () => {
    const tab = await profile.open({ path: '/csp' })
    await tab.evaluate(async () => void (await page.create().ready()))
    await tab.evaluate(() => void tokens.signIn())
    await tab.until(() => location.pathname === '/callback' && window.tokens?.state.status === 'signedIn')
    await tab.goto(`${world.site.origin}/csp`)
    const seen = await tab.evaluate(async (url) => {
      await page.create().ready()
      const { status } = await tokens.fetch(url)
      await tokens.refresh()
      const { local, revoked } = await tokens.signOut()
      return { status, local, revoked: await revoked, uncaught: page.uncaught }
    }, `${world.api.origin}/notes`)
    expect(seen).toEqual({ status: 200, local: 'removed', revoked: 'revoked', uncaught: [] })
    const trusted = await tab.evaluate(() => {
      try {
        document.body.innerHTML = '<p>'
      } catch (error) {
        return (error as Error).name
      }
      return 'not enforced'
    })
    expect(trusted).toBe('TypeError')
  })
})

describe('signing in by popup', () => {
  it('signs in while the page stays, and closes the window', async () => {
    const tab = await profile.ready({ agent: 'popup' })
    const seen = await tab.click(async () => {
      const { href } = location
      const { status } = await tokens.signIn()
      return { status, stayed: href === location.href }
    })
    expect(seen).toEqual({ status: 'signedIn', stayed: true })
    await tab.until(() => document.hasFocus())
    expect(profile.tabs).toHaveLength(1)
    expect(world.server.requests).toHaveLength(1)
    expect(await tab.evaluate(async (url) => (await tokens.fetch(url)).status, `${world.api.origin}/notes`)).toBe(200)
  })

  it('ERR-03: without a click the window is blocked, and that is said', async () => {
    const tab = await profile.ready({ agent: 'popup' })
    const outcome = await tab.evaluate(() => page.outcome(tokens.signIn()))
    expect(outcome).toMatchObject({ error: { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'popup_blocked' } })
    expect(profile.tabs).toHaveLength(1)
  })

  it('ERR-03: closed by the person, that is said; the next try works', async () => {
    world.server.setAutoLogin(undefined)
    const tab = await profile.ready({ agent: 'popup' })
    await tab.click(() => void Object.assign(window, { outcome: page.outcome(tokens.signIn()) }))
    await expect.poll(() => profile.tabs.length).toBe(2)
    const popup = profile.tabs.find(({ targetId }) => targetId !== tab.targetId)!
    await popup.until(() => document.title.startsWith('Sign in'))
    await popup.close()
    await tab.send('Page.bringToFront')
    const outcome = await tab.evaluate(() => (window as unknown as { outcome: Promise<unknown> }).outcome)
    expect(outcome).toMatchObject({ error: { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' } })
    world.server.setAutoLogin('alice')
    expect(await tab.click(async () => (await tokens.signIn()).status)).toBe('signedIn')
  })
})

tellsNoSecret(() => world)

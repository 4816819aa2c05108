import { describe, expect, it } from 'vitest'
import {
  authSession,
  type BrowserResult,
  type ExpoWebBrowser,
  type InAppBrowser,
} from '../../src/react-native/index.ts'
import { manualClock } from '../../src/testing/index.ts'

const REDIRECT = 'com.example.app:/callback'
const LINK = 'https://app.example.com/callback'
const answer = (state: string, redirectUri = REDIRECT) => `${redirectUri}?code=c1&state=${state}`

/** `Linking`, and the person who follows links. */
function linking(initialUrl: string | null = null) {
  const listeners = new Set<(event: { url: string }) => void>()
  return {
    module: {
      getInitialURL: async () => initialUrl,
      addEventListener(_: 'url', listener: (event: { url: string }) => void) {
        listeners.add(listener)
        return { remove: () => void listeners.delete(listener) }
      },
    },
    follow: (url: string) => {
      for (const listener of [...listeners]) listener({ url })
    },
    listeners,
  }
}

/** A browser that is closed by the test. */
function expoBrowser() {
  let close = (_: BrowserResult) => {}
  const opened: unknown[] = []
  const module: ExpoWebBrowser = {
    openAuthSessionAsync(url, redirectUrl, options) {
      opened.push([url, redirectUrl, options])
      return new Promise((resolve) => {
        close = resolve
      })
    },
    dismissAuthSession() {
      throw Object.assign(new Error('not available on Android'), { code: 'ERR_UNAVAILABLE' })
    },
  }
  return { module, opened, close: (result: BrowserResult) => close(result) }
}

function session(initialUrl?: string, redirectUri = REDIRECT) {
  const clock = manualClock()
  const links = linking(initialUrl)
  const browser = expoBrowser()
  const agent = authSession(browser.module, links.module, { clock })
  const authorized = agent.authorize('https://as.example.com/authorize', redirectUri, 'p.s1')
  return { clock, links, browser, agent, authorized }
}

describe('authSession', () => {
  it('takes the redirect that Linking tells, and closes the browser where that can be done', async () => {
    const { links, authorized } = session()
    links.follow(answer('p.s1'))
    expect(await authorized).toBe(answer('p.s1'))
    expect(links.listeners.size).toBe(0)
  })

  it('takes the redirect that the browser itself came back with', async () => {
    const { browser, authorized } = session()
    browser.close({ type: 'success', url: answer('p.s1') })
    expect(await authorized).toBe(answer('p.s1'))
  })

  it('a browser that says "dismiss" a moment before the redirect arrives has not cancelled anything', async () => {
    const { clock, links, browser, authorized } = session()
    browser.close({ type: 'dismiss' })
    await clock.advance(5)
    links.follow(answer('p.s1'))
    expect(await authorized).toBe(answer('p.s1'))
  })

  it('is cancelled when nothing comes after the browser was closed', async () => {
    const { clock, links, browser, authorized } = session()
    const failed = authorized.catch((error: unknown) => error)
    browser.close({ type: 'cancel' })
    await clock.advance(2_000)
    expect(await failed).toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    expect(links.listeners.size).toBe(0)
  })

  it('a phone without a browser says so, and the URL with what is secret in it stays out of the error', async () => {
    const refuse = async (url: string) => {
      throw new Error(`No activity found to handle ${url}`)
    }
    for (const browser of [{ openAuthSessionAsync: refuse }, { openAuth: refuse }]) {
      const agent = authSession(browser, linking().module, { clock: manualClock() })
      const failed = agent.authorize('https://as.example.com/?state=canary', REDIRECT, 'canary')
      const failure = await failed.catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'browser_unavailable' })
      expect(`${failure} ${JSON.stringify(failure)} ${(failure as Error).cause}`).not.toContain('canary')
    }
  })

  it('a redirect of another sign-in is not its own', async () => {
    const { links, authorized } = session()
    links.follow(answer('p.other'))
    links.follow('com.example.app:/elsewhere?state=p.s1')
    links.follow('com.example.app:/elsewhere?error=server_error')
    links.follow(`${REDIRECT}?error=server_error&state=p.other`)
    links.follow(`${REDIRECT}?error=server_error&state=%7Bother`)
    links.follow(`${REDIRECT}?code=c1`)
    links.follow(answer('p.s1'))
    expect(await authorized).toBe(answer('p.s1'))
  })

  it.each(['?error=server_error', '?error=server_error&state=', '#error=server_error'])(
    'ACQ-03: an error without state ends the wait, whoever tells it: %s',
    async (given) => {
      const told = session()
      told.links.follow(REDIRECT + given)
      expect(await told.authorized).toBe(REDIRECT + given)
      const came = session()
      came.browser.close({ type: 'success', url: REDIRECT + given })
      expect(await came.authorized).toBe(REDIRECT + given)
    },
  )

  it('ACQ-15: a claimed link is the redirect where it is exactly that, and no other link of the app', async () => {
    const { links, browser, agent, authorized } = session(undefined, LINK)
    expect(browser.opened).toMatchObject([['https://as.example.com/authorize', LINK, { preferUniversalLinks: true }]])

    const heard: string[] = []
    agent.answers?.(LINK, 'p.', (url) => heard.push(url))
    const others = ['s', '/list', '/../callback', '.evil.example', ':443', '%2F', '@evil.example']
    for (const rest of others) {
      links.follow(answer('p.s1', LINK + rest))
      links.follow(answer('p.s2', LINK + rest))
      links.follow(`${LINK + rest}?error=server_error`)
    }
    links.follow(answer('p.s1', LINK.replace('https:', 'http:')))
    links.follow(answer('p.s1', LINK.replace('app.', 'evil.')))
    links.follow(answer('p.s1', LINK))
    expect(await authorized).toBe(answer('p.s1', LINK))
    expect(heard).toEqual([])

    expect(await session(answer('p.s9', LINK), LINK).agent.callbackUrl(LINK, 'p.')).toBe(answer('p.s9', LINK))
    expect(await session(answer('p.s9', `${LINK}s`), LINK).agent.callbackUrl(LINK, 'p.')).toBeUndefined()
  })

  it('hears the redirect that comes after it gave up, and none that it waits for itself', async () => {
    const { clock, links, browser, agent, authorized } = session()
    const heard: string[] = []
    const stop = agent.answers?.(REDIRECT, 'p.', (url) => heard.push(url))
    links.follow(answer('q.s1'))
    links.follow(answer('p.s2'))
    expect(heard).toEqual([answer('p.s2')])

    authorized.catch(() => {})
    browser.close({ type: 'dismiss' })
    await clock.advance(2_000)
    links.follow(answer('p.s1'))
    expect(heard).toEqual([answer('p.s2'), answer('p.s1')])

    stop?.()
    links.follow(answer('p.s3'))
    expect(heard).toHaveLength(2)
  })

  it('the URL that started the app is taken once, and only if it is an answer to one of ours', async () => {
    const { agent } = session(answer('p.s9'))
    expect(await agent.callbackUrl(REDIRECT, 'p.')).toBe(answer('p.s9'))
    expect(await agent.callbackUrl(REDIRECT, 'p.')).toBeUndefined()
    expect(await session(answer('q.s9')).agent.callbackUrl(REDIRECT, 'p.')).toBeUndefined()
    expect(await session('com.example.app:/notes/7').agent.callbackUrl(REDIRECT, 'p.')).toBeUndefined()
    expect(await session().agent.callbackUrl(REDIRECT, 'p.')).toBeUndefined()
  })

  it('ACQ-14: opens the system’s browser, and asks for one that forgets the person where that is wanted, in the words of either library', async () => {
    const expo = expoBrowser()
    const links = linking()
    void authSession(expo.module, links.module, { ephemeral: true }).authorize('https://as.example.com', REDIRECT, 's')
    expect(expo.opened).toEqual([
      [
        'https://as.example.com',
        REDIRECT,
        { preferEphemeralSession: true, preferUniversalLinks: false, showInRecents: true },
      ],
    ])

    const opened: unknown[] = []
    const inApp: InAppBrowser = {
      openAuth: (...given) => {
        opened.push(given)
        return new Promise(() => {})
      },
    }
    void authSession(inApp, links.module, { ephemeral: true }).authorize('https://as.example.com', REDIRECT, 's')
    expect(opened).toEqual([['https://as.example.com', REDIRECT, { ephemeralWebSession: true, showInRecents: true }]])
  })

  it('bad options are told at once', () => {
    for (const grace of [-1, 60_001, Number.NaN])
      expect(() => authSession(expoBrowser().module, linking().module, { grace })).toThrow(
        'grace has to be 0 to 60000 ms',
      )
  })
})

// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { redirect } from '../../src/browser/redirect.ts'
import { alwaysOnline } from '../../src/in-process/always-online.ts'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { noChannel } from '../../src/in-process/no-channel.ts'
import { queueLock } from '../../src/in-process/queue-lock.ts'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { createTokenManager } from '../../src/manager/create-token-manager.ts'
import { scriptedAuthorizationServer } from '../../src/testing/index.ts'
import { anErrorSaying } from '../support/sentences.ts'

const origin = 'https://app.example.com'
const redirectUri = `${origin}/callback`
const prefix = 'tw1.'
const answer = 'code=c0de&state=tw1.abc&iss=https%3A%2F%2Fas.example.com&session_state=s'

function visit(url: string, state: unknown = null): void {
  ;(window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(url)
  history.replaceState(state, '', url)
}

beforeEach(() => visit(`${origin}/`))

afterEach(() => {
  vi.restoreAllMocks()
  document.head.innerHTML = ''
})

describe('callbackUrl', () => {
  it('ACQ-10: takes the answer out of the address bar before it returns, and gives it once', () => {
    visit(`${redirectUri}?${answer}`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBe(`${redirectUri}?${answer}`)
    expect(location.href).toBe(redirectUri)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBeUndefined()
  })

  it.each([
    [redirectUri, `${redirectUri}/`],
    [`${redirectUri}/`, redirectUri],
    [origin, `${origin}/`],
  ])('takes the answer to %s at %s, where the host of the files sent the browser on', (own, reached) => {
    visit(`${reached}?${answer}`)
    expect(redirect().callbackUrl(own, prefix)).toBe(`${reached}?${answer}`)
    expect(location.href).toBe(new URL(own).href)
  })

  it.each(['error', 'error_description', 'error_uri'])('ACQ-10: takes %s out too', (name) => {
    visit(`${redirectUri}?error=access_denied&${name}=x&state=tw1.abc`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toContain('error=access_denied')
    expect(location.href).toBe(redirectUri)
  })

  // A sandboxed frame, or a file: the page has no origin that would make a URL of the path.
  it('STO-09: a page without an origin is signed out, and every call says what it lacks', async () => {
    const server = scriptedAuthorizationServer(() => Date.now())
    const { issuer, fetch } = server
    const ports = { store: memoryStore(), lock: queueLock(), channel: noChannel, lifecycle: alwaysOnline, fetch }
    const manager = createTokenManager(
      { issuer, clientId: 'app', redirectUri: '/callback', resources: ['https://api.example.com/'] },
      { ...ports, clock: systemClock, crypto: webCrypto, origin: undefined, userAgent: redirect() },
    )
    for (const href of [`${redirectUri}?${answer}`, 'file:///app/callback?code=c&state=s', 'about:blank']) {
      visit(href)
      expect(redirect().callbackUrl('/callback', prefix)).toBeUndefined()
    }

    expect(await manager.ready()).toMatchObject({ status: 'signedOut', reason: 'none' })
    const called = manager.fetch('https://api.example.com/notes')
    await expect(called).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await expect(manager.signIn()).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    await expect(manager.signIn()).rejects.toThrow(anErrorSaying(/redirectUri, an absolute URL/) as Error)
    manager.dispose()
  })

  it('ACQ-10: takes an answer out of the fragment', () => {
    visit(`${redirectUri}?keep=1#${answer}`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBe(`${redirectUri}?keep=1#${answer}`)
    expect(location.href).toBe(redirectUri)
  })

  it("keeps the redirect URI's own parameters as they were written, the page's fragment and its history state", () => {
    const own = `${redirectUri}?q=a%20b+c&x=%7E`
    visit(`${own}&${answer}#/route?code=mine`, { scroll: 7 })
    expect(redirect().callbackUrl(own, prefix)).toContain(answer)
    expect(location.href).toBe(`${own}#/route?code=mine`)
    expect(history.state).toEqual({ scroll: 7 })
  })

  it.each([
    ['Google', 'state=tw1.abc&code=c0de&scope=email%20openid&authuser=0&hd=example.com&prompt=none'],
    ['Entra', 'error=interaction_required&error_description=AADSTS50076&error_subcode=basic_action&state=tw1.abc'],
    ['Entra', 'code=c0de&state=tw1.abc&client_info=e30&session_state=s'],
    ['Keycloak', 'state=tw1.abc&session_state=s&iss=https%3A%2F%2Fas.example.com&code=c0de'],
    ['Auth0', 'code=c0de&state=tw1.abc&organization=org_1'],
    ['anybody', 'code=c0de&state=tw1.abc&what_nobody_knows=1&empty='],
  ])('ACQ-10: whatever the answer of %s brought is out of the address bar: %s', (_, brought) => {
    for (const own of [redirectUri, `${redirectUri}?tenant=a&scope=mine`]) {
      visit(`${own}${own.includes('?') ? '&' : '?'}${brought}`)
      expect(redirect().callbackUrl(own, prefix)).toContain(brought)
      expect(location.href).toBe(own)
    }
  })

  it('does not read the cleaned URL against <base>', () => {
    document.head.innerHTML = '<base href="https://cdn.example.net/assets/">'
    visit(`${redirectUri}?${answer}`)
    void redirect().callbackUrl(redirectUri, prefix)
    expect(location.href).toBe(redirectUri)
  })

  it.each([
    ['another path', `${origin}/callback2?${answer}`],
    ['another origin', `https://evil.example.com/callback?${answer}`],
    ['another port', `https://app.example.com:8443/callback?${answer}`],
    ['no state', `${redirectUri}?code=c0de`],
    ["somebody else's state", `${redirectUri}?code=c0de&state=other.abc`],
    ['a state within a route', `${redirectUri}#/route?state=tw1.abc`],
  ])('leaves the page alone with %s', (_, url) => {
    visit(url)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBeUndefined()
    expect(location.href).toBe(url)
  })

  it("wants the redirect URI's own query", () => {
    const own = `${redirectUri}?tenant=a`
    visit(`${redirectUri}?${answer}`)
    expect(redirect().callbackUrl(own, prefix)).toBeUndefined()
    visit(`${redirectUri}?tenant=b&${answer}`)
    expect(redirect().callbackUrl(own, prefix)).toBeUndefined()
    visit(`${own}&${answer}`)
    expect(redirect().callbackUrl(own, prefix)).toBe(`${own}&${answer}`)
    expect(location.href).toBe(own)
  })
})

describe('an answer without state', () => {
  const leave = (state: string) => {
    vi.spyOn(location, 'assign').mockImplementation(() => {})
    const agent = redirect()
    agent.authorize('https://as.example.com/authorize', redirectUri, state).catch(() => {})
    return agent
  }
  beforeEach(() => sessionStorage.clear())

  it.each(['error=server_error&error_description=x', 'error=server_error&state=', 'code=c0de', '#error=server_error'])(
    'is taken while a sign-in of this tab is on its way, once: %s',
    (given) => {
      const agent = leave('tw1.abc')
      expect([agent.awaits?.(prefix), agent.awaits?.('tw2.')]).toEqual([true, false])
      const landing = given.startsWith('#') ? `${redirectUri}${given}` : `${redirectUri}?${given}`
      visit(landing)
      // This is another client's page as well.
      expect(redirect().callbackUrl(redirectUri, 'tw2.')).toBeUndefined()
      expect(redirect().callbackUrl(redirectUri, prefix)).toBe(landing)
      expect([location.href, redirect().awaits?.(prefix)]).toEqual([redirectUri, false])
      visit(landing)
      expect(redirect().callbackUrl(redirectUri, prefix)).toBeUndefined()
      expect(location.href).toBe(landing)
    },
  )

  it('is left alone in a tab that nobody left, and elsewhere than at the redirect URI', () => {
    visit(`${redirectUri}?error=server_error`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBeUndefined()
    leave('tw1.abc')
    for (const url of [`${origin}/other?error=server_error`, `${redirectUri}?promo=1`]) {
      visit(url)
      expect(redirect().callbackUrl(redirectUri, prefix)).toBeUndefined()
      expect(location.href).toBe(url)
    }
  })

  it('is none of this tab after an answer with state, or after the back button', () => {
    leave('tw1.abc')
    visit(`${redirectUri}?${answer}`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toContain(answer)
    expect(redirect().awaits?.(prefix)).toBe(false)
    const agent = leave('tw1.abc')
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    expect(agent.awaits?.(prefix)).toBe(false)
  })

  it('is nobody’s where the tab has no storage, and nothing else breaks', async () => {
    const denied = vi.spyOn(window, 'sessionStorage', 'get').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const agent = leave('tw1.abc')
    expect(location.assign).toHaveBeenCalledTimes(1)
    expect(agent.awaits?.(prefix)).toBe(false)
    visit(`${redirectUri}?${answer}`)
    expect(agent.callbackUrl(redirectUri, prefix)).toContain(answer)
    expect(denied).toHaveBeenCalled()
  })
})

describe('authorize', () => {
  it('goes there, and is cancelled only by a return from the back/forward cache', async () => {
    const assign = vi.spyOn(location, 'assign').mockImplementation(() => {})
    let settled = false
    const result = redirect()
      .authorize('https://as.example.com/authorize?state=tw1.abc', redirectUri, 'tw1.abc')
      .finally(() => {
        settled = true
      })
    result.catch(() => {})
    expect(assign).toHaveBeenCalledWith('https://as.example.com/authorize?state=tw1.abc')
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }))
    await new Promise((resolve) => setTimeout(resolve))
    expect(settled).toBe(false)
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    await expect(result).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' })
  })
})

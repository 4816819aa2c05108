// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { redirect } from '../../src/browser/redirect.ts'

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

  it.each(['error', 'error_description', 'error_uri'])('ACQ-10: takes %s out too', (name) => {
    visit(`${redirectUri}?error=access_denied&${name}=x&state=tw1.abc`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toContain('error=access_denied')
    expect(location.href).toBe(redirectUri)
  })

  it('ACQ-10: takes an answer out of the fragment', () => {
    visit(`${redirectUri}?keep=1#${answer}`)
    expect(redirect().callbackUrl(redirectUri, prefix)).toBe(`${redirectUri}?keep=1#${answer}`)
    expect(location.href).toBe(`${redirectUri}?keep=1`)
  })

  it("keeps the page's own parameters as they were written, its fragment and its history state", () => {
    visit(`${redirectUri}?q=a%20b+c&${answer}&x=%7E#/route?code=mine`, { scroll: 7 })
    expect(redirect().callbackUrl(redirectUri, prefix)).toContain(answer)
    expect(location.href).toBe(`${redirectUri}?q=a%20b+c&x=%7E#/route?code=mine`)
    expect(history.state).toEqual({ scroll: 7 })
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

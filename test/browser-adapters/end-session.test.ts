// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endSession, endSessionReturn } from '../../src/browser/end-session.ts'

const bye = 'https://app.example.com/bye'
const endpoint = 'https://as.example.com/end?tenant=a'
const asked = (hint: string) =>
  `${endpoint}&client_id=spa&id_token_hint=${hint}&post_logout_redirect_uri=${encodeURIComponent(bye)}`

function visit(url: string, state: unknown = null): void {
  ;(window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(url)
  history.replaceState(state, '', url)
}

const assign = vi.fn((_: string | URL) => {})
const gone = () => new URL(`${assign.mock.calls.at(-1)?.[0]}`)

beforeEach(() => {
  visit('https://app.example.com/')
  vi.spyOn(location, 'assign').mockImplementation(assign)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  assign.mockClear()
  sessionStorage.clear()
  document.body.innerHTML = ''
})

describe('endSession', () => {
  it('REV-08: goes to the server with a random state, and knows the person who comes back with it, once', () => {
    const states = [1, 2].map(() => {
      expect(endSession({ endSessionUrl: asked('hint') }, { returnTo: '/hello' })).toBe(true)
      const { searchParams } = gone()
      expect(Object.fromEntries(searchParams)).toEqual({
        ...{ tenant: 'a', client_id: 'spa', id_token_hint: 'hint', post_logout_redirect_uri: bye },
        state: expect.stringMatching(/^[\w-]{22}$/),
      })
      return searchParams.get('state')
    })
    expect(states[0]).not.toBe(states[1])
    visit(`${bye}?q=a%20b&state=${states[1]}&x=%7E#top`, { scroll: 7 })
    expect(endSessionReturn()).toEqual({ returnTo: '/hello' })
    expect([location.href, history.state]).toEqual([`${bye}?q=a%20b&x=%7E#top`, { scroll: 7 }])
    expect(endSessionReturn()).toBeUndefined()
    visit(`${bye}?state=${states[1]}`)
    expect(endSessionReturn()).toBeUndefined()
  })

  it.each(['logout_uri', 'returnTo'])(
    'sends no state to a server that takes %s, as it would not bring it back',
    (name) => {
      const url = `${endpoint}&client_id=spa&${name}=${encodeURIComponent(bye)}`
      expect(endSession({ endSessionUrl: url }, { returnTo: '/hello' })).toBe(true)
      expect(gone().href).toBe(url)
      visit(bye)
      expect(endSessionReturn()).toBeUndefined()
    },
  )

  it('REV-08: a return with a wrong state is ignored, and the right one may still come', () => {
    endSession({ endSessionUrl: asked('hint') })
    const state = gone().searchParams.get('state')
    for (const wrong of ['?state=forged', '?state=', '', `?other=${state}`]) {
      visit(bye + wrong)
      expect([endSessionReturn(), location.href]).toEqual([undefined, bye + wrong])
    }
    visit(`${bye}?state=${state}`)
    expect(endSessionReturn()).toEqual({})
  })

  it('a visit that nobody began is none', () => {
    for (const url of [bye, `${bye}?state=`, `${bye}?state=null`, `${bye}?state=undefined`]) {
      visit(url)
      expect(endSessionReturn()).toBeUndefined()
    }
    sessionStorage.setItem('tokenward.end-session', '{')
    visit(`${bye}?state=x`)
    expect(endSessionReturn()).toBeUndefined()
  })

  it('REV-08: what would be a long URL goes as a form, the server’s own query apart', () => {
    const submit = vi.spyOn(HTMLFormElement.prototype, 'submit').mockImplementation(() => {})
    const hint = 'h'.repeat(6_000)
    expect(endSession({ endSessionUrl: asked(hint) })).toBe(true)
    expect([assign.mock.calls, submit.mock.calls]).toEqual([[], [[]]])
    const form = document.querySelector('form') as HTMLFormElement
    expect([form.method, form.action]).toEqual(['post', endpoint])
    const fields = [...form.querySelectorAll('input')].map(({ type, name, value }) => [type, name, value])
    expect(fields).toEqual([
      ['hidden', 'client_id', 'spa'],
      ['hidden', 'id_token_hint', hint],
      ['hidden', 'post_logout_redirect_uri', bye],
      ['hidden', 'state', expect.stringMatching(/^[\w-]{22}$/)],
    ])
  })

  it('says so where the server has no such place, and sends no state that nobody will check', () => {
    expect(endSession({})).toBe(false)
    expect(assign).not.toHaveBeenCalled()
    endSession({ endSessionUrl: `${endpoint}&client_id=spa` })
    vi.stubGlobal('sessionStorage', {
      setItem() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    endSession({ endSessionUrl: asked('hint') })
    expect(assign).toHaveBeenCalledTimes(2)
    for (const [url] of assign.mock.calls) expect(new URL(`${url}`).searchParams.has('state')).toBe(false)
    expect(endSessionReturn()).toBeUndefined()
  })
})

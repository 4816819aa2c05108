import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detour, type Place, returnPath } from '../../src/manager/detour.ts'
import type { SessionState } from '../../src/session/state.ts'

const loading: SessionState = { status: 'loading' }
const signedOut: SessionState = { status: 'signedOut', reason: 'none' }
const signedIn = (returnTo?: string): SessionState => ({
  status: 'signedIn',
  health: 'ok',
  session: { scope: '', signedInAt: 0, returnTo },
})

const at = (url: string, isGuarded = true): Place => {
  const { searchParams } = new URL(url, 'https://app.example')
  return { url, isGuarded, returnTo: searchParams.get('returnTo') ?? undefined }
}
const options = { signedOut: '/sign-in' }

describe('detour', () => {
  const table: readonly (readonly [string, SessionState, Place, string | undefined])[] = [
    ['who is signed in stays', signedIn(), at('/notes'), undefined],
    [
      'who is not is sent away from a guarded route',
      signedOut,
      at('/notes?a=1#b'),
      '/sign-in?returnTo=%2Fnotes%3Fa%3D1%23b',
    ],
    ['and stays on any other', signedOut, at('/about', false), undefined],
    ['and on the page for signing in', signedOut, at('/sign-in?returnTo=%2Fnotes'), undefined],
    ['the callback leads to where the sign-in began', signedIn('/notes?a=1'), at('/callback?code=x'), '/notes?a=1'],
    ['or to the root', signedIn(), at('/callback'), '/'],
    ['never back to itself', signedIn('/callback?again'), at('/callback'), '/'],
    ['nor to the page for signing in', signedIn('/sign-in'), at('/callback'), '/'],
    [
      'a sign-in in vain leads to another one',
      { ...signedOut, returnTo: '/notes' },
      at('/callback'),
      '/sign-in?returnTo=%2Fnotes',
    ],
    ['with no more than is known', signedOut, at('/callback'), '/sign-in'],
    ['who has signed in elsewhere goes on', signedIn(), at('/sign-in?returnTo=%2Fnotes'), '/notes'],
    ['but not to a stranger', signedIn(), at('/sign-in?returnTo=%2F%2Fevil.example'), '/'],
    ['and may look at the page for signing in', signedIn(), at('/sign-in'), undefined],
    ['nobody is sent anywhere before the session is read', loading, at('/notes'), undefined],
    ['not from the callback either', loading, at('/callback'), undefined],
  ]
  it.each(table)('%s', (_, state, place, expected) => {
    expect(detour(state, place, options)).toBe(expected)
  })

  it('takes another callback', () => {
    expect(detour(signedIn('/notes'), at('/auth/back'), { signedOut: '/', callback: '/auth/back' })).toBe('/notes')
    expect(detour(signedIn('/notes'), at('/callback'), { signedOut: '/', callback: '/auth/back' })).toBeUndefined()
  })

  it('knows its pages where the server writes their paths with a slash at the end', () => {
    expect(detour(signedIn('/notes'), at('/callback/?code=x'), options)).toBe('/notes')
    expect(detour(signedOut, at('/callback/'), options)).toBe('/sign-in')
    expect(detour(signedOut, at('/sign-in/?returnTo=%2Fnotes'), options)).toBeUndefined()
    expect(detour(signedIn(), at('/sign-in/?returnTo=%2Fsign-in%2F'), options)).toBe('/')
    const slashes = { signedOut: '/sign-in/', callback: '/callback/' }
    expect(detour(signedOut, at('/sign-in'), slashes)).toBeUndefined()
    expect(detour(signedOut, at('/notes/'), slashes)).toBe('/sign-in/?returnTo=%2Fnotes%2F')
    expect(detour(signedIn('/notes/'), at('/callback'), slashes)).toBe('/notes/')
    expect(detour(signedIn('/'), at('/callback'), { signedOut: '/' })).toBe('/')
  })

  it('comes to an end, wherever it begins', () => {
    const paths = fc.constantFrom(
      '/',
      '/callback',
      '/sign-in',
      '/notes',
      '/callback?x',
      '/sign-in?returnTo=%2Fcallback',
      '//x',
    )
    const states = fc.oneof(
      fc.constant(signedOut),
      fc.option(paths, { nil: undefined }).map(signedIn),
      paths.map((returnTo): SessionState => ({ status: 'signedOut', reason: 'sign_in_failed', returnTo })),
    )
    const ownPaths = fc.uniqueArray(fc.constantFrom('/', '/callback', '/sign-in'), { minLength: 2, maxLength: 2 })
    const ends = fc.property(states, paths, ownPaths, (state, start, [signedOut = '', callback = '']) => {
      let place: string | undefined = start
      for (let turns = 0; place !== undefined; turns++) {
        expect(turns).toBeLessThan(4)
        place = detour(state, at(place), { signedOut, callback })
      }
    })
    fc.assert(ends)
  })
})

describe('returnPath', () => {
  it.each(['/', '/notes', '/notes?q=//x#/y', '/a:b', '/%2F'])('leaves %s as it is', (path) => {
    expect(returnPath(path)).toBe(path)
  })

  it.each([
    undefined,
    '',
    'notes',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
  ])('makes %j the root', (path) => {
    expect(returnPath(path)).toBe('/')
  })

  it('never leads to another origin', () => {
    const part = fc.constantFrom(
      '/',
      '\\',
      '\t',
      '\n',
      '\r',
      '\0',
      ' ',
      '.',
      '..',
      ':',
      '@',
      'evil.example',
      'https:',
      '?',
      '#',
      'é',
    )
    const anything = fc.oneof(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      fc.string(),
    )
    const stays = fc.property(anything, (text) => {
      expect(new URL(returnPath(text), 'https://app.example/callback').origin).toBe('https://app.example')
    })
    fc.assert(stays, { numRuns: 2_000 })
  })
})

import { describe, expect, it } from 'vitest'
import { broughtBy, inOwnWords, lacking, speaksOfOne, tokenScope, union, unmet } from '../../src/session/scope.ts'

describe('sets of scopes', () => {
  it('what one lacks of another', () => {
    expect(lacking('a b', 'b c')).toBe('a')
    expect(lacking(' a  b ', 'c')).toBe('a b')
    for (const [wanted, granted] of [
      ['a b', 'b a'],
      ['', ''],
      [undefined, 'a'],
      [undefined, undefined],
    ])
      expect(lacking(wanted, granted)).toBeUndefined()
    expect(lacking('a', undefined)).toBe('a')
  })

  it('all of several, each once', () => {
    expect(union('a b', undefined, ' b  c ', '')).toBe('a b c')
    expect(union()).toBe('')
  })
})

describe('what a token lacks', () => {
  const asked = 'openid offline_access a b'

  it.each<[what: string, wanted: string | undefined, given: string, missing: string | undefined]>([
    ['nothing was wanted', undefined, 'a', undefined],
    ['all is there', 'a b', 'b a c', undefined],
    ['a part', 'a b', 'a', 'b'],
    ['nothing of it, and other things that were asked for', 'a', 'b', 'a'],
    ['nothing of it, and nothing for any API', 'a', 'openid profile', 'a'],
    ['nothing of it, and no scope at all', 'a', '', 'a'],
    ['nothing of it, but what nobody asked for', 'a', 'api/a', undefined],
    ['a part, and what nobody asked for', 'a b', 'a api/b', 'b'],
    ['what speaks of no API is never missed', 'openid offline_access profile a', 'a', undefined],
    ['only that was wanted', 'openid offline_access', 'x', undefined],
  ])('%s', (_, wanted, given, missing) => {
    expect(unmet(wanted, given, asked)).toBe(missing)
  })

  it('own words are words that nobody asked with', () => {
    expect(inOwnWords('a', 'api/a', asked)).toBe(true)
    expect(inOwnWords('a', 'b', asked)).toBe(false)
    expect(inOwnWords('a', 'a api/b', asked)).toBe(false)
    expect(inOwnWords(undefined, 'api/a', asked)).toBe(false)
  })
})

describe('what a sign-in is for', () => {
  const asked = 'openid offline_access a b'

  it('the token request names the first scope where nothing else tells the APIs apart', () => {
    expect(tokenScope({ scope: 'a' }, asked)).toBe('openid offline_access a')
    expect(tokenScope({ scope: 'a openid' }, asked)).toBe('openid offline_access a')
    for (const target of [{}, { scope: 'a', resource: 'urn:a' }, { scope: 'a', audience: 'a' }, { scope: 'c' }])
      expect(tokenScope(target, asked)).toBeUndefined()
  })

  it('the answer speaks of one API where it names nothing that only others want', () => {
    expect(speaksOfOne({ scope: 'a' }, 'a a2', asked)).toBe(true)
    expect(speaksOfOne({ scope: 'a' }, 'a b', asked)).toBe(false)
    expect(speaksOfOne({ scope: 'a', resource: 'urn:a' }, 'a b', asked)).toBe(true)
    expect(speaksOfOne({}, 'a', asked)).toBe(false)
  })

  it('its token is for the first API, or for all of them, as the answer says', () => {
    const first = { scope: 'a' }
    expect(broughtBy(first, 'a', asked)).toEqual({ scope: 'a', target: first })
    expect(broughtBy(first, 'openid a b', asked)).toEqual({ scope: 'openid a b', target: {} })
    expect(broughtBy(first, 'api/a', asked)).toEqual({ scope: 'openid offline_access a', target: first })
    expect(broughtBy({}, 'a', asked)).toEqual({ scope: 'a', target: {} })
  })

  it('with a resource the answer speaks of that alone, and the grant is what was asked for', () => {
    const first = { scope: 'a', resource: 'urn:a' }
    expect(broughtBy(first, 'a', asked)).toEqual({ scope: asked, target: first })
    expect(broughtBy(first, 'a b', asked)).toEqual({ scope: asked, target: { resource: 'urn:a' } })
  })
})

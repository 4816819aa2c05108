import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resourceMatcher } from '../../src/requests/resource-matcher.ts'

const API = 'https://api.example.com/v1'
const match = resourceMatcher([API], { insecureLoopback: false })
const isListed = (path: string) => match(`${API}${path}`).target !== undefined

/** One way to write a character that some server undoes. */
const twice = (text: string) => text.replace(/%/g, '%25')
const dots = [
  '.',
  '%2e',
  '%2E',
  '%252e',
  '%25252e',
  '%%32%65',
  '%c0%ae',
  '%C0%AE',
  '%e0%80%ae',
  '%f0%80%80%ae',
  '%u002e',
]
const slashes = ['/', '%2f', '%5c', '%252f', '%255C', '%c0%af', '%c1%9c', '%u2215']
const ends = ['', ';', ';x=1', '%00', '%3f', '%3b', '%23', '%20', '%09', '%0a', '%0d', '%2500', '%253f', '%7f']

describe('a path never climbs out of its entry', () => {
  it.each([
    '/%252e%252e/admin',
    '/..%00/admin',
    '/..%3f/admin',
    '/%c0%ae%c0%ae/admin',
    '/..;/admin',
    '/..%00',
    '/x/..%3f',
    '/%25252e%25252e/admin',
    '/%252e%252e%252fadmin',
    '/..%252f..%252fadmin',
    '/100%25/%252e%252e/admin',
    '/100%25/%2e%2e/admin',
    '/%e9/%2e%2e/admin',
    '/.%00/x',
    '/a%0d%0ab',
  ])('%s gets no token', (path) => {
    expect(isListed(path)).toBe(false)
  })

  it('in no spelling of two dots, whatever stands around them', () => {
    const spelled = fc.tuple(
      fc.constantFrom(...slashes),
      fc.array(fc.constantFrom(...dots), { minLength: 1, maxLength: 2 }),
      fc.constantFrom(...ends),
      fc.constantFrom('/', '%2f', '%252f', ''),
    )
    fc.assert(
      fc.property(spelled, fc.boolean(), ([slash, [...two], end, after], again) => {
        const climb = `${slash}${two.join('')}${end}${after}`
        expect(isListed(`/x${again ? twice(climb) : climb}admin`.replace(/admin$/, after ? 'admin' : ''))).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    '/notes',
    '/a..b',
    '/...',
    '/.well-known/x',
    '/..hidden',
    '/v1.2/x',
    '/100%25',
    '/a%20b',
    '/%2520',
    '/%C3%BC',
    '/ü',
    '/%e9',
    '/@me/a:b',
    '/files;v=1/x',
    "/it's(1)",
  ])('%s, which leads nowhere else, does', (path) => {
    expect(isListed(path)).toBe(true)
  })

  it('an entry cannot be written so either', () => {
    for (const path of ['/%252e%252e', '/..%00', '/..%3f', '/%c0%ae'])
      expect(() => resourceMatcher([`${API}${path}`], { insecureLoopback: false })).toThrow('resources[0]')
  })
})

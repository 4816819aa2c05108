import { describe, expect, it } from 'vitest'
import { webText } from '../../src/in-process/web-text.ts'
import { queryParameters, withQuery } from '../../src/protocol/parameters.ts'
import { ownText } from '../../src/react-native/own-text.ts'

describe.each(Object.entries({ webText, ownText }))('the parameters of a URL, with %s', (_, text) => {
  it.each([
    ['https://app.example/cb', []],
    ['https://app.example/cb#?state=x', []],
    ['https://app.example/cb?a=1#b?c=2', [['a', '1']]],
    [
      'com.example.app:/cb?code=a=b==&state=100%',
      [
        ['code', 'a=b=='],
        ['state', '100%'],
      ],
    ],
    [
      'https://app.example/cb?code&=x&&',
      [
        ['code', ''],
        ['', 'x'],
      ],
    ],
  ])('of %s are read', (url, expected) => {
    expect(queryParameters(text, url)).toEqual(expected)
  })

  it("are added to an endpoint's own", () => {
    expect(withQuery(text, 'https://as.example/a', [['b', 'c d']])).toBe('https://as.example/a?b=c+d')
    expect(withQuery(text, 'https://as.example/a?x=1', [['b', 'ß']])).toBe('https://as.example/a?x=1&b=%C3%9F')
  })
})

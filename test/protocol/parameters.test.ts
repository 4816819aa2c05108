import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formText, queryParameters } from '../../src/protocol/parameters.ts'

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '%',
      '%2',
      '%zz',
      '+',
      '=',
      '&',
      ' ',
      '~',
      "'",
      '(',
      '!',
      '*',
      '\ud800',
      '\udc00',
      'ß',
      '%C3',
      '%9f',
      '😀',
    ),
  }),
)

describe('parameters', () => {
  it('are written as the platform writes them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, texts)), (given) => {
        expect(formText(given)).toBe(String(new URLSearchParams(given)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('are read as the platform reads them', () => {
    fc.assert(
      fc.property(texts, texts, (query, fragment) => {
        // These are in no URL: half a character, and what the platform takes out.
        const written = query.replace(/[\ud800-\udfff\t\r\n]/gu, '')
        const url = `https://app.example/cb?${written}#${fragment}`
        expect(queryParameters(url)).toEqual([...new URL(url).searchParams])
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['https://app.example/cb', []],
    ['https://app.example/cb#?state=x', []],
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
  ])('of %s', (url, expected) => {
    expect(queryParameters(url)).toEqual(expected)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../src/protocol/challenge.ts'
import { expectLinearTime } from '../support/linear-time.ts'

const read = (header: string | null) => parseChallenges(header).map(({ scheme, params }) => [scheme, { ...params }])

describe('parseChallenges', () => {
  it('INV-03: reads two fields as fetch joins them, with a comma inside a quoted string', () => {
    expect(read('Bearer realm="a, b", error="invalid_token", DPoP algs="ES256", error="use_dpop_nonce"')).toEqual([
      ['bearer', { realm: 'a, b', error: 'invalid_token' }],
      ['dpop', { algs: 'ES256', error: 'use_dpop_nonce' }],
    ])
  })

  it.each([
    [null, []],
    ['', []],
    [' , ,', []],
    ['Bearer', [['bearer', {}]]],
    ['bEaReR ERROR=invalid_token', [['bearer', { error: 'invalid_token' }]]],
    [
      'Bearer, DPoP',
      [
        ['bearer', {}],
        ['dpop', {}],
      ],
    ],
    ['Bearer a = "b" ,c\t=\td', [['bearer', { a: 'b', c: 'd' }]]],
    [String.raw`Bearer realm="say \"hi\\\""`, [['bearer', { realm: String.raw`say "hi\"` }]]],
    [
      'Negotiate oYG0MIGxoAMKAQA==, Bearer error="x"',
      [
        ['negotiate', { oyg0migxoamkaqa: '=' }],
        ['bearer', { error: 'x' }],
      ],
    ],
    ['Bearer realm="x" error="invalid_token"', [['bearer', { realm: 'x', error: 'invalid_token' }]]],
    [
      'Bearer realm="x" DPoP error="y"',
      [
        ['bearer', { realm: 'x' }],
        ['dpop', { error: 'y' }],
      ],
    ],
    ['Bearer realm="Basic error=\\"no\\", DPoP"', [['bearer', { realm: 'Basic error="no", DPoP' }]]],
    ['Bearer __proto__=x, constructor=y', [['bearer', JSON.parse('{"__proto__":"x","constructor":"y"}')]]],
    ['error="orphan"', []],
    ['Bearer "stray, DPoP", error=x', [['bearer', { error: 'x' }]]],
    ['"Bearer error=invalid_token"', []],
    ['Bearer error="unterminated, DPoP', [['bearer', { error: 'unterminated, DPoP' }]]],
    ['Bearer max_age=0, acr_values="a b"', [['bearer', { max_age: '0', acr_values: 'a b' }]]],
  ])('INV-03: %s', (header, expected) => {
    expect(read(header)).toEqual(expected)
  })

  it('INV-03: takes no error from a challenge that gives two, and only from that one', () => {
    expect(read('Bearer error="invalid_token", ERROR=insufficient_scope, error=a, DPoP error="x"')).toEqual([
      ['bearer', { error: '' }],
      ['dpop', { error: 'x' }],
    ])
    expect(read('Bearer realm=a, realm=b')).toEqual([['bearer', { realm: 'a' }]])
  })

  it('INV-03: params have no prototype', () => {
    expect(Object.getPrototypeOf(parseChallenges('Bearer')[0]?.params)).toBe(null)
    expect(parseChallenges('Bearer')[0]?.params.toString).toBeUndefined()
  })

  it('INV-03: never throws', () => {
    const piece = fc.constantFrom(
      'Bearer',
      ' ',
      ',',
      '=',
      '"',
      '\\',
      'error',
      'a',
      '==',
      '\t',
      'DPoP',
      '\n',
      'é',
      '/',
      '"x"',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (header) => {
          for (const { scheme, params } of parseChallenges(header)) {
            expect(scheme).toMatch(/^[^\s,="]+$/)
            expect(params).toBeTypeOf('object')
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('INV-03: what is written is what is read', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
    const params = fc.dictionary(token, fc.string({ unit: 'binary-ascii' }), { minKeys: 1, maxKeys: 4 })
    const quote = (value: string) => `"${value.replace(/["\\]/g, String.raw`\$&`)}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(token, params), { maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(
            ([scheme, values]) =>
              `${scheme} ${Object.entries(values).map(([name, value]) => `${name}=${quote(value)}`)}`,
          )
          .join(', ')
        expect(read(header)).toEqual(challenges.map(([scheme, values]) => [scheme, { ...values }]))
      }),
    )
  })

  it.each(['Bearer a="', 'a ', '"a', 'a=', 'a="\\"', 'a b', 'a=b ', '" \\', 'a  ', 'a====', '\\'])(
    'INV-03: takes linear time over %j repeated',
    (piece) => expectLinearTime(200_000 / piece.length, (size) => parseChallenges(`Bearer ${piece.repeat(size)}`)),
  )
})

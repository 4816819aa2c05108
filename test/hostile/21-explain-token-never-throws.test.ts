import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainToken } from '../../src/explain-token/explain-token.ts'

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (header: unknown, claims: unknown) => `${encoded(header)}.${encoded(claims)}.x`
const obeyed = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u
const textsOf = (explained: object) => JSON.stringify(explained, null, '')

/** Every type that JSON has, and what breaks those who take it for another. */
const anything = fc.oneof(
  fc.constantFrom<unknown>(
    { toString: 1 },
    { valueOf: 1, toString: 1 },
    { toJSON: 1 },
    null,
    true,
    [],
    {},
    [{ toString: 1 }],
    1e308,
    -1,
    '',
  ),
  fc.constantFrom('\u001b[2J', 'a\r\nb', '\u202eevil', '\u0000', '\u009b31m'),
  fc.jsonValue(),
)
const names = ['iss', 'aud', 'exp', 'nbf', 'iat', 'nonce', 'events', 'sub']
const options = { issuer: 'https://as.example', audience: 'https://api.example', now: 1_750_000_000_000 }

describe('explainToken', () => {
  it('never throws and prints nothing that a terminal obeys, whatever the types of the members are', () => {
    const members = fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] })
    const header = fc.record({ alg: anything, typ: anything }, { requiredKeys: [] })
    fc.assert(
      fc.property(header, members, fc.constantFrom({}, options, { now: options.now }), (head, claims, given) => {
        const explained = explainToken(jwt(head, claims), given)
        expect(explained.text).not.toMatch(obeyed)
        expect([explained.issuer ?? '', ...(explained.audience ?? [])].join('')).not.toMatch(obeyed)
        expect(Number.isFinite(explained.expiresAt ?? 0)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it.each([
    ['an issuer that clears the screen', { iss: '\u001b[2J\u001b[31mSigned in' }],
    ['an audience that turns the text round', { iss: options.issuer, aud: ['\u202ehttps://api.example'] }],
    ['an issuer that is no text', { iss: { toString: 1 } }],
  ])('shows %s harmlessly', (_, claims) => {
    const explained = explainToken(jwt({ alg: 'ES256' }, claims), options)
    expect(explained.problem).not.toBe('none')
    expect(JSON.parse(textsOf(explained)).text).not.toMatch(obeyed)
  })

  it('never throws for what is neither a token nor a response', () => {
    for (const input of [
      undefined,
      null,
      7,
      Symbol('x'),
      {},
      [],
      { status: 'x' },
      { headers: {} },
      { headers: { get: () => 7 } },
      () => {},
    ])
      expect(explainToken(input as never, null as never).kind).toMatch(/^(opaque|response)$/)
    const anyText = fc.string({ unit: 'binary' })
    const anyJwt = fc.tuple(fc.jsonValue(), fc.jsonValue()).map(([header, claims]) => jwt(header, claims))
    fc.assert(
      fc.property(fc.oneof(anyText, anyJwt), fc.constantFrom('', '.x'), (text, end) => {
        expect(explainToken(text + end, options).text).not.toMatch(obeyed)
      }),
    )
  })

  it('shows what an API says harmlessly', () => {
    const headers = { get: () => 'Bearer error="insufficient_scope", scope="a\u202eb"' }
    expect(explainToken({ status: 403, headers }).scope).toBe('a?b')
  })
})

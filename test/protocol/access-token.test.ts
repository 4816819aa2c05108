import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { accessToken, authorizationHeader } from '../../src/protocol/access-token.ts'

const stored = {
  value: 'canary-7f3a',
  type: 'Bearer',
  obtainedAt: 1,
  expiresAt: 2,
  scope: 'notes',
  resource: 'urn:x',
} as const

describe('the token as callers see it', () => {
  it('has what it says, frozen', () => {
    const token = accessToken(stored)
    expect(token.value).toBe('canary-7f3a')
    expect({ ...token }).toEqual({ type: 'Bearer', expiresAt: 2, scope: 'notes', resource: 'urn:x' })
    expect(Object.isFrozen(token)).toBe(true)
    expect(Object.keys(accessToken({ value: 'a', type: 'DPoP', obtainedAt: 1, scope: '' }))).toEqual(['type', 'scope'])
  })

  it('ERR-02: no way of printing, copying or serializing it shows the token', () => {
    const token = accessToken(stored)
    const shown = [
      JSON.stringify({ token }),
      JSON.stringify({ ...token }),
      `${token}`,
      String(token),
      `${token as unknown as string}${''}`,
      inspect(token),
      inspect({ deep: [token] }, { depth: 9 }),
      inspect({ ...token }),
      inspect(token, { showHidden: true }),
      JSON.stringify(structuredClone({ ...token })),
      JSON.stringify(Object.entries(token)),
      JSON.stringify(Object.assign({}, token)),
    ]
    for (const text of shown) expect(text).not.toContain('canary')
    const primitive = (token as unknown as { [Symbol.toPrimitive](): string })[Symbol.toPrimitive]()
    for (const text of [`${token}`, token.toString(), primitive, inspect(token), JSON.parse(JSON.stringify(token))])
      expect(text).toBe('[redacted access token: its text is .value]')
  })

  it.each(['a\nb', 'a\r\nx: y', 'a b', '', '\u0000', 'tokén', 'a\u2028'])(
    'USE-06: %j is refused before it can become a header, and not quoted',
    (value) => {
      const full = value && `canary${value}`
      let thrown: unknown
      try {
        accessToken({ ...stored, value: full })
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(TokenManagerError)
      expect(thrown).toMatchObject({ code: 'ERR_RESPONSE_INVALID', reason: 'invalid_token_response' })
      expect(inspect(thrown, { depth: 9 }) + JSON.stringify(thrown)).not.toContain('canary')
    },
  )

  it('USE-01: goes into the header under its own scheme', () => {
    expect(authorizationHeader(accessToken(stored))).toBe('Bearer canary-7f3a')
    expect(authorizationHeader(accessToken({ ...stored, type: 'DPoP' }))).toBe('DPoP canary-7f3a')
  })
})

import { createTokenManager } from 'tokenward/bff/page'
import { describe, expect, it } from 'vitest'
import { anErrorSaying } from '../support/sentences.ts'

describe("createTokenManager of the page's half", () => {
  it.each([undefined, '/auth', '/a/b-c', 'https://app.example/auth', 'http://127.0.0.1:3000/x'])(
    'takes the base %s',
    (base) => {
      expect(createTokenManager({ ...(base !== undefined && { base }) }).state).toEqual({ status: 'loading' })
    },
  )

  it.each([
    '',
    '/',
    'auth',
    '/auth/',
    '//evil.example/auth',
    '/auth?x=1',
    '/auth#x',
    'https://app.example',
    'javascript:/auth',
    'ftp://app.example/auth',
    null,
    7,
  ])('refuses the base %s', (base) => {
    expect(() => createTokenManager({ base: base as string })).toThrow(
      anErrorSaying('Option base has to be a path') as Error,
    )
  })

  it('refuses an option that it does not have', () => {
    const options: object = { base: '/auth', issuer: 'https://as.example' }
    expect(() => createTokenManager(options)).toThrow(anErrorSaying('Option issuer has to be left out') as Error)
  })
})

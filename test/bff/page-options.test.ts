import { createTokenManager } from 'tokenward/bff/page'
import { afterEach, describe, expect, it, vi } from 'vitest'
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

describe('signIn() of a page', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it.each([
    [
      'on the origin of the backend leads to the path login',
      '/auth',
      ['https://www.example/auth/login?returnTo=%2Fnotes'],
    ],
    ['on another origin says where sign-ins begin, as the backend would refuse it', 'https://api.example/auth', []],
  ])('%s', async (_, base, expected) => {
    const gone: string[] = []
    const place = new URL('https://www.example/notes')
    vi.stubGlobal('window', globalThis)
    vi.stubGlobal('location', Object.assign(place, { assign: (url: string) => gone.push(new URL(url, place).href) }))
    const left = createTokenManager({ base })
      .signIn()
      .catch((error) => error)
    await Promise.resolve()
    expect(gone).toEqual(expected)
    if (gone.length > 0) return

    const error = await left
    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'unsupported_flow' })
    expect(error).toEqual(anErrorSaying('The backend has another origin'))
  })
})

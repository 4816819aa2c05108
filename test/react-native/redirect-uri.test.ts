import { describe, expect, it } from 'vitest'
import { allowAnyScheme, appLifecycle, createTokenManager, secureStore } from '../../src/react-native/index.ts'
import { killableKeychain } from './killable-keychain.ts'

const appState = { currentState: 'active', addEventListener: () => ({ remove() {} }) }

const managerWith = (redirectUri: string | undefined, more: { readonly [allowAnyScheme]?: boolean } = {}) =>
  createTokenManager({
    issuer: 'https://as.example.com',
    clientId: 'app',
    ...(redirectUri !== undefined && { redirectUri }),
    store: secureStore(killableKeychain().start()),
    lifecycle: appLifecycle(appState),
    randomBytes: (length) => new Uint8Array(length),
    ...more,
  })

describe('ACQ-15: the redirect URI of an app', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com/callback?tenant=1',
    'https://xn--mnchen-3ya.example/callback',
    'com.example.app:/callback',
    'com.example.my-app:/callback',
    'com.example.app://callback',
    'com.googleusercontent.apps.123-abc:/oauth2redirect',
  ])('is a claimed link, or has a scheme that is a domain in reverse: %s', (redirectUri) => {
    expect(() => managerWith(redirectUri)).not.toThrow()
  })

  it.each([
    'http://127.0.0.1/callback',
    'http://127.0.0.1:8080/callback',
    'http://[::1]/callback',
    'http://localhost/callback',
    'http://app.example.com/callback',
    'HTTP://app.example.com/callback',
    'https://localhost/callback',
    'https://127.0.0.1/callback',
    'https://[::1]/callback',
    'https://app/callback',
  ])('is no loopback address, and no link that an app cannot claim: %s', (redirectUri) => {
    expect(() => managerWith(redirectUri)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(
          /Option redirectUri has to be an https link .* domain that the app has claimed.*, and is http/i,
        ),
      }),
    )
  })

  it.each(['myapp:/callback', 'exp://192.168.1.5:8081/--/callback', 'javascript:alert(1)', '/callback'])(
    'has no scheme that is nobody’s: %s',
    (redirectUri) => {
      expect(() => managerWith(redirectUri)).toThrow(/domain of yours in reverse.*\[allowAnyScheme\]: true/)
    },
  )

  it.each(['https://App.example.com/callback', 'com.Example.app:/callback', 'HTTPS://app.example.com/callback'])(
    'is written as browsers write it, or what comes back would not be known: %s',
    (redirectUri) => {
      expect(new URL(redirectUri).href.startsWith(redirectUri)).toBe(false)
      expect(() => managerWith(redirectUri)).toThrow('lower case')
    },
  )

  it('has no port and no user, which no system hands to an app', () => {
    for (const redirectUri of ['https://app.example.com:443/callback', 'https://me@app.example.com/callback'])
      expect(() => managerWith(redirectUri)).toThrow('without a port')
  })

  it('may have any scheme where that is asked for, and is still no loopback address and no path', () => {
    const any = { [allowAnyScheme]: true }
    for (const redirectUri of ['exp://192.168.1.5:8081/--/callback', 'myapp:/callback'])
      expect(() => managerWith(redirectUri, any)).not.toThrow()
    for (const redirectUri of ['http://localhost/callback', '/callback', 'MyApp:/callback'])
      expect(() => managerWith(redirectUri, any)).toThrow('Option redirectUri')
  })

  it('may be absent, where an app only adopts tokens', () => {
    expect(() => managerWith(undefined)).not.toThrow()
  })
})

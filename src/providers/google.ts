import type { ClientPreset } from './preset.ts'

/** A client of Google. */
export interface GoogleOptions {
  /** The client id: `'….apps.googleusercontent.com'`. */
  readonly clientId: string
}

/**
 * Google, for a client that has a secret: a program or a website's server. Google gives a page no refresh token. It gives one at the first consent
 * only: `signIn({ prompt: 'consent' })` brings another. Access tokens are for Google's APIs alone, so there is nothing for a guard.
 */
export function google({ clientId }: GoogleOptions): ClientPreset {
  return {
    issuer: 'https://accounts.google.com',
    clientId,
    scope: 'openid',
    resourceParameters: [],
    authorizationParams: { access_type: 'offline' },
  }
}

import type { ClientPreset } from './preset.ts'

/** A client of Google. */
export interface GoogleOptions {
  /** The client id: `'….apps.googleusercontent.com'`. */
  readonly clientId: string
}

/**
 * Google, for a client that has a secret: a program or a website's server. A page gets no refresh token from Google. A program gets one only at
 * the first consent; `signIn({ prompt: 'consent' })` brings another. Access tokens are for Google's APIs alone, so there is no preset for a guard.
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

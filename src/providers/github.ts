import type { ClientPreset } from './preset.ts'

const ISSUER = 'https://github.com/login/oauth'

/** A client of GitHub. */
export interface GithubOptions {
  /** The client id of the GitHub App or the OAuth app. */
  readonly clientId: string
}

/**
 * GitHub, for a program or a website's server. It is not for a page: the token endpoint does not allow other origins, and a sign-in by redirect
 * needs the client's secret. GitHub has no OpenID Connect, no logout and no revocation by RFC 7009. Only GitHub Apps get refresh tokens and access
 * tokens that expire. Access tokens are for GitHub's API alone, so there is no preset for a guard.
 */
export function github({ clientId }: GithubOptions): ClientPreset {
  return {
    issuer: ISSUER,
    metadata: {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/access_token`,
      device_authorization_endpoint: 'https://github.com/login/device/code',
    },
    clientId,
    resourceParameters: [],
  }
}

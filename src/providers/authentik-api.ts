import { baseUrl, pathSegment } from './checked.ts'
import { type ApiPreset, refusedBesideNonce } from './preset.ts'

/**
 * Whose tokens an API behind authentik takes. Their `aud` is the client id of the application, so the guard's `audience` is the client ids of
 * the applications that may call the API, each with an issuer of its own.
 */
export interface AuthentikApiOptions {
  /** Where authentik is: `'https://id.example.com'`. */
  readonly url: string
  /** The slug of the application, as its issuer has it in the provider's default issuer mode. */
  readonly application: string
}

const CLIENT_CREDENTIALS = '-client_credentials'

/** The issuer of client and API. */
export function authentikIssuer({ url, application }: AuthentikApiOptions): string {
  const place = `application/o/${pathSegment('authentik.application', application)}/`
  return `${baseUrl('authentik.url', url)}/${place}`
}

/** The guard's half of the preset. */
export function authentikApi({ url, application }: AuthentikApiOptions): ApiPreset {
  return {
    issuer: authentikIssuer({ url, application }),
    types: ['JWT', 'at+jwt'],
    // Its ID tokens have neither of azp and uid. Its access tokens have the nonce of the sign-in.
    claims: { client: 'azp', id: 'uid' },
    refusedClaims: refusedBesideNonce,
    // Clients have an auth_time as well. A sign-in, which sid names, only people have.
    subjectKind: ({ sid, preferred_username: name }) => {
      if (typeof name === 'string' && name.endsWith(CLIENT_CREDENTIALS)) return 'client'
      return sid === undefined ? undefined : 'user'
    },
  }
}

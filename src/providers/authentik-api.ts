import { baseUrl, pathSegment } from './checked.ts'
import { type ApiPreset, refusedBesideNonce } from './preset.ts'

/**
 * The authentik application whose access tokens an API accepts. Their `aud` is the client id of the application. So the guard's `audience` is
 * the client ids of the applications that may call the API. Each application has its own issuer.
 */
export interface AuthentikApiOptions {
  /** Where authentik is: `'https://id.example.com'`. */
  readonly url: string
  /** The slug of the application. It is part of the issuer in the provider's default issuer mode. */
  readonly application: string
}

const CLIENT_CREDENTIALS = '-client_credentials'

/** The issuer, for the client and for the API. */
export function authentikIssuer({ url, application }: AuthentikApiOptions): string {
  const place = `application/o/${pathSegment('authentik.application', application)}/`
  return `${baseUrl('authentik.url', url)}/${place}`
}

/** The part of the preset for the guard. */
export function authentikApi({ url, application }: AuthentikApiOptions): ApiPreset {
  return {
    issuer: authentikIssuer({ url, application }),
    types: ['JWT', 'at+jwt'],
    // Only access tokens have azp and uid. They also have the nonce of the sign-in.
    claims: { client: 'azp', id: 'uid' },
    refusedClaims: refusedBesideNonce,
    // Tokens of clients have an auth_time as well. Only those of people have a sid, because only people sign in.
    subjectKind: ({ sid, preferred_username: name }) => {
      if (typeof name === 'string' && name.endsWith(CLIENT_CREDENTIALS)) return 'client'
      return sid === undefined ? undefined : 'user'
    },
  }
}

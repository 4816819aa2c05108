import { hostName } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The Auth0 tenant whose access tokens an API accepts. */
export interface Auth0ApiOptions {
  /** The tenant's domain, or its custom domain: `'example.eu.auth0.com'`. It has to be the one that clients sign in at. */
  readonly domain: string
  /**
   * The "JSON Web Token profile" of the API in Auth0's dashboard. Default `'auth0'`, as in the dashboard. With `'rfc9068'` tokens have a
   * `jti`, so a single token can be denied.
   */
  readonly profile?: 'auth0' | 'rfc9068'
}

const ownProfile = { types: ['JWT'], claims: { client: 'azp', id: false, session: false } } as const
const rfc9068 = { claims: { session: false } } as const

/** The part of the preset for the guard. */
export function auth0Api({ domain, profile = 'auth0' }: Auth0ApiOptions): ApiPreset {
  return {
    issuer: `https://${hostName('auth0.domain', domain)}/`,
    ...(profile === 'rfc9068' ? rfc9068 : ownProfile),
    // The sub of a person is connection|id, that of a client id@clients.
    subjectKind: ({ sub = '', gty }) => {
      if (gty === 'client-credentials' || sub.endsWith('@clients')) return 'client'
      return sub.includes('|') ? 'user' : undefined
    },
  }
}

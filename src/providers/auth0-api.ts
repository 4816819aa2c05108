import { hostName } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** Whose tokens an API behind Auth0 takes. */
export interface Auth0ApiOptions {
  /** The tenant's domain, or its custom domain: `'example.eu.auth0.com'`. It has to be the one that clients sign in at. */
  readonly domain: string
  /**
   * The "JSON Web Token profile" of the API in Auth0's dashboard. Default `'auth0'`, as it is there; with `'rfc9068'` tokens have a
   * `jti`, so that a single one can be denied.
   */
  readonly profile?: 'auth0' | 'rfc9068'
}

const ownProfile = { types: ['JWT'], claims: { client: 'azp', id: false, session: false } } as const
const rfc9068 = { claims: { session: false } } as const

/** The guard's half of the preset. */
export function auth0Api({ domain, profile = 'auth0' }: Auth0ApiOptions): ApiPreset {
  return {
    issuer: `https://${hostName('auth0.domain', domain)}/`,
    ...(profile === 'rfc9068' ? rfc9068 : ownProfile),
    // A person is named as connection|id, a client as id@clients.
    subjectKind: ({ sub = '', gty }) => {
      if (gty === 'client-credentials' || sub.endsWith('@clients')) return 'client'
      return sub.includes('|') ? 'user' : undefined
    },
  }
}

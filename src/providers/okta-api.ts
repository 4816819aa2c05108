import { hostName, pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/** The Okta custom authorization server whose access tokens an API accepts. */
export interface OktaApiOptions {
  /** The organization's domain: `'example.okta.com'`, or its custom domain. */
  readonly domain: string
  /** The id of the custom authorization server. Default `'default'`. Tokens of the organization's own server are for Okta alone. */
  readonly authorizationServer?: string
}

/** The issuer, for the client and for the API. */
export function oktaIssuer({ domain, authorizationServer = 'default' }: OktaApiOptions): string {
  const server = pathSegment('okta.authorizationServer', authorizationServer)
  return `https://${hostName('okta.domain', domain)}/oauth2/${server}`
}

/** The part of the preset for the guard. */
export function oktaApi(options: OktaApiOptions): ApiPreset {
  return {
    issuer: oktaIssuer(options),
    types: [undefined],
    // ID tokens have neither cid nor scp.
    claims: { client: 'cid', scope: 'scp', session: false },
    subjectKind: ({ sub, client_id, uid }) => {
      if (sub === client_id) return 'client'
      return typeof uid === 'string' ? 'user' : undefined
    },
  }
}

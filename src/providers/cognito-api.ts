import { pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * The Amazon Cognito user pool whose access tokens an API accepts. They have no `aud`, so the guard's `audience` is the client ids of the apps
 * that may call the API. If a token has an `aud`, that is compared instead.
 */
export interface CognitoApiOptions {
  /** The region of the user pool: `'eu-central-1'`. */
  readonly region: string
  /** The id of the user pool: `'eu-central-1_AbCdEfGhI'`. */
  readonly userPool: string
}

/** The issuer, for the client and for the API. */
export function cognitoIssuer({ region, userPool }: CognitoApiOptions): string {
  const host = `cognito-idp.${pathSegment('cognito.region', region)}.amazonaws.com`
  return `https://${host}/${pathSegment('cognito.userPool', userPool)}`
}

/** The part of the preset for the guard. */
export function cognitoApi({ region, userPool }: CognitoApiOptions): ApiPreset {
  return {
    issuer: cognitoIssuer({ region, userPool }),
    types: [undefined],
    requiredValues: { token_use: 'access' },
    // All tokens of one sign-in have the same origin_jti.
    claims: { audience: 'client_id', session: 'origin_jti' },
    subjectKind: ({ sub, client_id, username }) => {
      if (sub === client_id) return 'client'
      return typeof username === 'string' ? 'user' : undefined
    },
  }
}

import { pathSegment } from './checked.ts'
import type { ApiPreset } from './preset.ts'

/**
 * Whose tokens an API behind Amazon Cognito takes. They have no `aud`: the guard's `audience` is the client ids of the apps that may
 * call the API. A token that has an `aud` is judged by it.
 */
export interface CognitoApiOptions {
  /** The region of the user pool: `'eu-central-1'`. */
  readonly region: string
  /** The id of the user pool: `'eu-central-1_AbCdEfGhI'`. */
  readonly userPool: string
}

/** The issuer of client and API. */
export function cognitoIssuer({ region, userPool }: CognitoApiOptions): string {
  const host = `cognito-idp.${pathSegment('cognito.region', region)}.amazonaws.com`
  return `https://${host}/${pathSegment('cognito.userPool', userPool)}`
}

/** The guard's half of the preset. */
export function cognitoApi({ region, userPool }: CognitoApiOptions): ApiPreset {
  return {
    issuer: cognitoIssuer({ region, userPool }),
    types: [undefined],
    requiredValues: { token_use: 'access' },
    // All tokens of one sign-in have its origin_jti.
    claims: { audience: 'client_id', session: 'origin_jti' },
    subjectKind: ({ sub, client_id, username }) => {
      if (sub === client_id) return 'client'
      return typeof username === 'string' ? 'user' : undefined
    },
  }
}

import { cognitoApi, cognitoIssuer } from './cognito-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Amazon Cognito. */
export interface CognitoOptions {
  /** The region of the user pool: `'eu-central-1'`. */
  readonly region: string
  /** The id of the user pool: `'eu-central-1_AbCdEfGhI'`. */
  readonly userPool: string
  /** The id of the app client. */
  readonly clientId: string
}

function cognitoClient({ region, userPool, clientId }: CognitoOptions): ClientPreset {
  return {
    issuer: cognitoIssuer({ region, userPool }),
    clientId,
    scope: 'openid',
    resourceParameters: [],
    endSessionParams: ({ client_id, post_logout_redirect_uri }) => ({
      client_id,
      logout_uri: post_logout_redirect_uri,
    }),
  }
}

/**
 * Amazon Cognito, with a user pool that has a domain. `cognito({ region, userPool, clientId })` is for the client, `cognito.api({ region,
 * userPool })` for the API.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `region` or `userPool` cannot be part of a URL
 */
export const cognito: typeof cognitoClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof cognitoApi
} = /* @__PURE__ */ Object.assign(cognitoClient, { api: cognitoApi })

import { cognitoApi } from './cognito-api.ts'

/** Amazon Cognito. `cognito.api(…)` is for the API. */
export const cognito: {
  /** For `issuer` of the guard. */
  readonly api: typeof cognitoApi
} = { api: cognitoApi }

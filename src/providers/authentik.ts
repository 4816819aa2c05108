import { authentikApi, authentikIssuer } from './authentik-api.ts'
import type { ClientPreset } from './preset.ts'

/** A client of authentik. */
export interface AuthentikOptions {
  /** Where authentik is: `'https://id.example.com'`. */
  readonly url: string
  /** The slug of the application. In the provider's default issuer mode each application has its own issuer. */
  readonly application: string
  /** The client id of the provider. */
  readonly clientId: string
}

function authentikClient({ url, application, clientId }: AuthentikOptions): ClientPreset {
  return {
    issuer: authentikIssuer({ url, application }),
    clientId,
    scope: 'openid offline_access',
    resourceParameters: [],
  }
}

/**
 * authentik. `authentik({ url, application, clientId })` is for the client, `authentik.api({ url, application })` for the API. Its access
 * tokens are JWTs with the client id as `aud`.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `url` is not a URL, or `application` cannot be part of one
 */
export const authentik: typeof authentikClient & {
  /** For `issuer` of the guard. */
  readonly api: typeof authentikApi
} = /* @__PURE__ */ Object.assign(authentikClient, { api: authentikApi })

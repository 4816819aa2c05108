import { baseUrl } from './checked.ts'
import type { ClientPreset } from './preset.ts'

/** A client of Doorkeeper. */
export interface DoorkeeperOptions {
  /** The issuer, as in the initializer of `doorkeeper-openid_connect`. */
  readonly issuer: string
  /** The client id: the `uid` of the application. */
  readonly clientId: string
}

/**
 * Doorkeeper with `doorkeeper-openid_connect`. Its access tokens are opaque, so an API asks the server about them (introspection).
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `issuer` is not a URL
 */
export function doorkeeper({ issuer, clientId }: DoorkeeperOptions): ClientPreset {
  baseUrl('doorkeeper.issuer', issuer)
  return { issuer, clientId, scope: 'openid', resourceParameters: [] }
}

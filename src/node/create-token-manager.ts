import { createTokenManager as createManager } from '../create-token-manager.ts'
import type { TokenManagerOptions } from '../options.ts'
import type { ClientAuthentication } from '../ports.ts'
import type { TokenManager } from '../token-manager.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { nodePlatform } from './platform.ts'

/** Options of Node's `createTokenManager`. */
export interface NodeTokenManagerOptions extends TokenManagerOptions {
  /**
   * How the client shows the authorization server who it is: `clientSecretBasic()`, `clientSecretPost()`, `privateKeyJwt()`, `mutualTls()`.
   * Default: a public client, without any secret.
   */
  readonly clientAuthentication?: ClientAuthentication
}

/** What Node's `createTokenManager` makes. */
export interface NodeTokenManager extends TokenManager {}

/**
 * A manager for one session on Node. Does no I/O and starts nothing before it is used; its timers do not keep the process
 * alive. Without `store` the session is in the memory of this manager alone; managers on one store share the session of the same issuer,
 * client and account.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: NodeTokenManagerOptions): NodeTokenManager {
  const { clientAuthentication, ...rest }: Partial<NodeTokenManagerOptions> = Object(options)
  checkClientAuthentication(clientAuthentication)
  return createManager(rest as TokenManagerOptions, { ...nodePlatform(), clientAuthentication })
}

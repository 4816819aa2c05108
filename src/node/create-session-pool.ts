import type { ClientAuthentication } from '../ports.ts'
import {
  createSessionPool as createPool,
  type SessionPool,
  type SessionPoolOptions,
} from '../session-pool/create-session-pool.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { nodePlatform } from './platform.ts'

/** Options of Node's `createSessionPool`. */
export interface NodeSessionPoolOptions extends SessionPoolOptions {
  /** How the client shows who it is: `clientSecretBasic()`, `privateKeyJwt()` … Default: a public client. */
  readonly clientAuthentication?: ClientAuthentication
}

/**
 * A pool of sessions: one store, one timer, one look at the server's metadata for all of them. A session that nobody uses costs no timer
 * and no request: it is refreshed ahead when it is used, and else when it is needed. Without `store` the sessions are in the memory
 * of this pool alone.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createSessionPool(options: NodeSessionPoolOptions): SessionPool {
  const { clientAuthentication, ...rest }: Partial<NodeSessionPoolOptions> = Object(options)
  checkClientAuthentication(clientAuthentication)
  return createPool(rest as SessionPoolOptions, { ...nodePlatform(), clientAuthentication })
}

import type { ClientAuthentication } from '../ports.ts'
import { type CallWatch, createSessionPool as createPool } from '../session-pool/create-session-pool.ts'
import type { SessionPool, SessionPoolOptions } from '../session-pool/session-pool.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { nodePlatform } from './platform.ts'
import { settling, settlingLock } from './settle.ts'
import { stayAlive } from './stay-alive.ts'

/** Options of Node's `createSessionPool`. */
export interface NodeSessionPoolOptions extends SessionPoolOptions {
  /** How the client authenticates: `clientSecretBasic()`, `privateKeyJwt()` … Default: a public client. */
  readonly clientAuthentication?: ClientAuthentication
}

/**
 * Creates a pool of sessions. They share one store, one timer and the server's metadata. A session that nobody uses needs no timer and no
 * request. A session in use is refreshed before its token expires. Without `store` the sessions are only in the memory of this pool. Its
 * timer does not keep the process alive; a call that waits for an answer does.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createSessionPool(options: NodeSessionPoolOptions): SessionPool {
  // A program in JavaScript may give none. The pool's own checks then say what is missing.
  const { clientAuthentication, ...rest } = options ?? ({} as NodeSessionPoolOptions)
  checkClientAuthentication(clientAuthentication)

  const given: SessionPoolOptions = { ...rest, ...(rest.lock && { lock: settlingLock(rest.lock) }) }
  const watch: CallWatch = (name, work) => stayAlive(FINISHED.test(name) ? settling(work) : work)
  return createPool(given, { ...nodePlatform(), clientAuthentication }, watch)
}

/** The calls whose result would be lost if the process ended. {@link settle} waits for them. */
const FINISHED = /^(adopt|completeSignIn|signOut|rename)$/

import type { ClientAuthentication } from '../ports.ts'
import { type CallWatch, createSessionPool as createPool } from '../session-pool/create-session-pool.ts'
import type { SessionPool, SessionPoolOptions } from '../session-pool/session-pool.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { nodePlatform } from './platform.ts'
import { settling, settlingLock } from './settle.ts'
import { stayAlive } from './stay-alive.ts'

/** Options of Node's `createSessionPool`. */
export interface NodeSessionPoolOptions extends SessionPoolOptions {
  /** How the client shows who it is: `clientSecretBasic()`, `privateKeyJwt()` … Default: a public client. */
  readonly clientAuthentication?: ClientAuthentication
}

/**
 * A pool of sessions: one store, one timer, one look at the server's metadata for all of them. A session that nobody uses costs no timer
 * and no request: it is refreshed ahead when it is used, and else when it is needed. Without `store` the sessions are in the memory
 * of this pool alone. Its timer does not keep the process alive; a call that waits for an answer does.
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

/** What would be lost with the process. */
const FINISHED = /^(adopt|completeSignIn|signOut|rename)$/

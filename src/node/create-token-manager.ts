import { managerBasis, managerOf } from '../manager/create-token-manager.ts'
import type { TokenManagerOptions } from '../manager/options.ts'
import type { SharedSession } from '../manager/shared-session.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { ClientAuthentication } from '../ports.ts'
import { type ResourceOption, signInScope, signInTarget } from '../requests/resource-matcher.ts'
import { tokenScope } from '../session/scope.ts'
import type { SessionState } from '../session/state.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { checkDeviceSignIn, type DeviceSignInOptions, deviceSignIn } from './device-sign-in.ts'
import { nodePlatform } from './platform.ts'
import { settling, settlingLock } from './settle.ts'
import { stayAlive } from './stay-alive.ts'

/** Options of Node's `createTokenManager`. */
export interface NodeTokenManagerOptions extends TokenManagerOptions {
  /**
   * How the client authenticates at the authorization server: `clientSecretBasic()`, `clientSecretPost()`, `privateKeyJwt()`, `mutualTls()`.
   * Default: a public client, without any secret.
   */
  readonly clientAuthentication?: ClientAuthentication
}

/** What Node's `createTokenManager` returns. */
export interface NodeTokenManager extends TokenManager {
  /**
   * Signs the person in on another device (RFC 8628), for programs in a terminal without a browser. It resolves when the person has agreed. The
   * server has to offer it. It needs no `redirectUri`.
   * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED` (the person refused), `ERR_AUTHORIZATION_REJECTED` (`transaction_expired`: it took
   *   too long), `ERR_TEMPORARILY_UNAVAILABLE` (the server could not be reached at the beginning) … While it waits for the person, a failing
   *   server or network is asked again
   */
  signInWithDevice(options: DeviceSignInOptions): Promise<SessionState>
}

/**
 * Creates a manager for one session on Node. It does no I/O and starts nothing before it is used. Its timers do not keep the process alive; a
 * call that waits for an answer does. Before a service ends, call {@link settle}.
 *
 * Without `store` the session is only in the memory of this manager. Managers with the same store, issuer, client and account share the
 * session.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: NodeTokenManagerOptions): NodeTokenManager {
  // A program in JavaScript may give none. The manager's own checks then say what is missing.
  const { clientAuthentication, ...rest } = options ?? ({} as NodeTokenManagerOptions)
  checkClientAuthentication(clientAuthentication)

  const given: TokenManagerOptions = { ...rest, ...(rest.lock && { lock: settlingLock(rest.lock) }) }
  const [manager, shared] = managerOf(given, managerBasis(given, { ...nodePlatform(), clientAuthentication }))
  const { ready, signIn, getAccessToken, fetch, headersFor, refresh, completeSignIn, adopt, signOut } = manager
  return Object.assign(manager, {
    ready: () => stayAlive(ready()),
    signIn: (...args) => stayAlive(signIn(...args)),
    getAccessToken: (...args) => stayAlive(getAccessToken(...args)),
    fetch: (...args) => stayAlive(fetch(...args)),
    headersFor: (...args) => stayAlive(headersFor(...args)),
    refresh: (...args) => stayAlive(refresh(...args)),
    completeSignIn: (...args) => stayAlive(settling(completeSignIn(...args))),
    adopt: (...args) => stayAlive(settling(adopt(...args))),
    signOut: (...args) => stayAlive(settling(signOut(...args))),
    signInWithDevice: (deviceOptions) => stayAlive(signInWithDevice(deviceOptions)),
  } satisfies Partial<NodeTokenManager>)

  async function signInWithDevice(deviceOptions: DeviceSignInOptions): Promise<SessionState> {
    const { scope = '', resources = [], authorizationParams } = given
    checkDeviceSignIn(deviceOptions)
    await ready()

    const { session, signIn: signingIn } = shared() as SharedSession
    const target = signInTarget(resources)
    const { resource, audience } = target
    const asked = { scope: signInScope(scope, resources), ...deviceOptions }
    const tokens = await deviceSignIn(session.server, {
      ...asked,
      resource,
      resources: indicatorsOf(resources),
      tokenScope: tokenScope(target, asked.scope),
      extra: { audience, ...authorizationParams },
      discard: signingIn.discard,
    })
    return settling(adopt(tokens))
  }
}

/** The resource indicators (RFC 8707) of option `resources`. */
function indicatorsOf(resources: readonly ResourceOption[]): string[] {
  return resources.flatMap((one) => (typeof one === 'string' ? [] : (one.resource ?? [])))
}

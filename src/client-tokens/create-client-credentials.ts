import type { ManagerPlatform } from '../manager/create-token-manager.ts'
import type { Store } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import { clientCredentialsGrant } from '../protocol/client-credentials.ts'
import { targetKey } from '../session/target-key.ts'
import { type ClientTokenContext, type ClientTokenOptions, clientTokenContext } from './context.ts'
import type { ClientTokenEvent, ClientTokenEventType } from './events.ts'
import { type ResourceClient, resourceClient } from './resource-client.ts'
import { sendAgainWhenCut } from './send-again.ts'
import { sharedTokens } from './shared-tokens.ts'
import { tokenCache } from './token-cache.ts'

/** Options of `createClientCredentials`. */
export interface ClientCredentialsOptions extends ClientTokenOptions {
  /**
   * `redisStore()` or `fileStore()`: several processes share tokens, and only one of them asks the server. If the store fails, each process goes
   * on with its own memory and asks for itself, and there is an event `store_failed`. Default: each process asks for itself.
   */
  readonly store?: Store<unknown>
}

/** A service's own tokens. */
export interface ClientCredentials extends ResourceClient {
  /** Calls `listener` for each event of one type. Returns a function that ends this. */
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  /** Removes every token from memory. If it is used again, it starts again. */
  dispose(): void
}

/** A lease has to last longer than the request that it covers, even if a timer is late. */
const LEASE_MARGIN = 3_000

/**
 * A service's own tokens (client credentials, RFC 6749 §4.4): one for each resource, audience and scope. All callers share it. While a token is in
 * use, it is renewed before it expires. There are no timers, and no I/O before the first use.
 * @param platform what it runs on
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createClientCredentials(
  options: ClientCredentialsOptions,
  platform: ManagerPlatform,
): ClientCredentials {
  const context = clientTokenContext(options, platform, ['store'])
  const { parameters, store } = options
  const cache = tokenCache({ ...context, ...(store && { shared: sharing(context, options, store) }) })
  const requestFor = (target: Target) => ({
    key: targetKey(target),
    target,
    send: () =>
      context.key.use((dpopKey) =>
        sendAgainWhenCut(() => clientCredentialsGrant(context.server, { ...target, parameters, dpopKey })),
      ),
  })
  return {
    ...resourceClient({ ...context, cache }, targetKey, requestFor),
    on: context.on,
    dispose: cache.clear,
  }
}

function sharing(
  { platform, requestTimeout, emit, key }: ClientTokenContext,
  { issuer, clientId, parameters = {} }: ClientCredentialsOptions,
  store: Store<unknown>,
) {
  return sharedTokens({
    store,
    platform,
    leaseTime: requestTimeout + LEASE_MARGIN,
    async namespace() {
      const parts = ['client_credentials', issuer, clientId, Object.entries(parameters).sort()]
      // A token that is bound to another key cannot be used.
      const thumbprint = await key.thumbprint()
      return JSON.stringify(thumbprint === undefined ? parts : [...parts, thumbprint])
    },
    failed: ({ target }, during) => emit('store_failed', target, { during }),
  })
}

import { isTransient, type TokenManagerError } from '../errors.ts'
import type { Store } from '../ports.ts'
import type { Proofs } from '../protocol/access-token.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import { onceDone } from '../protocol/once-done.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'

/** The key that all tokens of a client are bound to (RFC 9449). */
export interface ClientKey {
  /** Calls `send` with the key. It is `undefined` if the server has no DPoP; then tokens are Bearer tokens. Never rejects. */
  use(send: (key: DpopKey | undefined) => Promise<TokenAnswer>): Promise<TokenAnswer>
  /** The JWK thumbprint of the key. `undefined` if there is no key. */
  thumbprint(): Promise<string | undefined>
  /** Makes the proofs for requests with the tokens. `undefined` without the option `dpop`. */
  readonly proofs: Proofs | undefined
}

/** Where the key comes from. */
export interface ClientKeySource {
  /** Called when a token is bound to no key although it should be. */
  readonly notBound: (reason: 'dpop_unsupported' | 'dpop_not_bound') => void
  /** The key in the option `dpopKey`. */
  readonly given?: DpopKey | undefined
  /** The store in which several processes share a key, and its name there. */
  readonly shared?: { readonly store: Store<unknown>; name(): Promise<string>; failed(): void } | undefined
}

/** Finds the key at its first use: the given one, or the one in the store, or a new one for this process. */
export function clientKey(server: AuthorizationServer, { given, shared, notBound }: ClientKeySource): ClientKey {
  const { dpop } = server
  const key = onceDone(find)

  return {
    async use(send) {
      let found: DpopKey | undefined
      try {
        found = await key()
      } catch (cause) {
        return failureOf(cause as TokenManagerError)
      }

      const answer = await send(found)
      const isBearer = answer.kind === 'tokens' && answer.response.tokenType === 'Bearer'
      if (dpop && isBearer) notBound(found ? 'dpop_not_bound' : 'dpop_unsupported')
      return answer
    },
    async thumbprint() {
      const found = await key()
      return found && dpop?.thumbprint(found)
    },
    proofs: dpop?.proofs(key),
  }

  async function find(): Promise<DpopKey | undefined> {
    if (!dpop || given) return given

    const metadata = await server.metadata()
    const made = await dpop.newKey(metadata.dpop_signing_alg_values_supported)
    if (!shared) return made

    try {
      return await shareKey(shared.store, await shared.name(), made)
    } catch {
      // This process then uses a key and tokens of its own, which does no harm.
      shared.failed()
      return made
    }
  }

  /** The key in the store. If there was none, `made` is put there. */
  async function shareKey(
    store: Store<unknown>,
    name: string,
    made: DpopKey | undefined,
  ): Promise<DpopKey | undefined> {
    for (;;) {
      const row = await store.get(name)
      const { version, key: stored } = (row?.value ?? {}) as { version?: unknown; key?: DpopKey }
      if (version === 1 && dpop?.canUse(stored, ['DPoP'])) return stored
      if (!made) return undefined

      const isMine = await store.swap(name, row?.tag, { version: 1, key: made })
      if (isMine) return made
    }
  }
}

/** The answer of a request that was not sent, because there is no key for it. */
function failureOf(error: TokenManagerError): TokenAnswer {
  return isTransient(error) ? { kind: 'transient', error, lost: false } : { kind: 'refused', error }
}

import type { GetAccessTokenOptions } from '../manager/token-manager.ts'
import type { Fetch } from '../ports.ts'
import { type AccessToken, authorizationHeader, type Target, type TokenSource } from '../protocol/access-token.ts'
import { authorizedFetch, notAllowed } from '../requests/authorized-fetch.ts'
import type { ClientTokenContext } from './context.ts'
import type { ClientTokenEvents } from './events.ts'
import type { TokenCache, TokenRequest } from './token-cache.ts'

/** Calls APIs with tokens that need no session. Every method is bound. */
export interface ResourceClient {
  /**
   * Gives an access token that can be used. If memory has none, it is requested. Calls at the same time share one request.
   * @throws TokenManagerError `ERR_CLIENT_REJECTED`, `ERR_GRANT_REJECTED`, `ERR_TEMPORARILY_UNAVAILABLE` (with `retryAt`) …
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /**
   * `fetch` with the token, for URLs in the option `resources`. If a 401 says that the token is the reason, the request is sent once more with a
   * new token.
   * @throws TokenManagerError `ERR_TARGET_NOT_ALLOWED`, `ERR_STEP_UP_REQUIRED`, `ERR_REDIRECTED` … and what `fetch` throws
   */
  fetch: Fetch
  /**
   * The header `Authorization`, and `DPoP` if the token is bound to a key, for requests that are not sent by `fetch`. Call it again for every
   * request.
   * @param url a URL in the option `resources`
   * @param method the method of the request, which the proof names. Default `GET`
   */
  headersFor(url: string | URL, method?: string): Promise<Headers>
}

/**
 * Makes the client that calls APIs with the tokens of one subject.
 * @param requestFor makes the token request for a target. The same target always has the same key
 */
export function resourceClient(
  context: ClientTokenContext & { readonly cache: TokenCache },
  keyOf: (target: Target) => string | undefined,
  requestFor: (target: Target) => TokenRequest | Promise<TokenRequest>,
): ResourceClient {
  const { cache, platform, checkTarget, match, unlisted, scope, emit, follow, proofs } = context
  const complete = (target: Target): Target => (target.scope === undefined && scope ? { ...target, scope } : target)

  const targets = new WeakMap<Target, { readonly target: Target; key: string | undefined }>()
  /** The entry of a target of `resources`. `match` gives the same object for every URL of one entry, so a WeakMap finds it. */
  const known = (given: Target) => {
    let entry = targets.get(given)
    if (!entry) {
      entry = { target: complete(given), key: undefined }
      targets.set(given, entry)
    }
    entry.key ??= keyOf(entry.target)
    return entry
  }

  const source: TokenSource = {
    current(given) {
      const { key } = known(given)
      return key === undefined ? undefined : cache.current(key)
    },
    get: async (given, signal) => cache.get(await requestFor(known(given).target), signal),
    replace: async (given, rejected, ...rest) =>
      cache.replace(await requestFor(known(given).target), rejected, ...rest),
  }

  return {
    async getAccessToken({ signal, minValidity, ...given } = {}) {
      checkTarget(given)
      const target = complete(given)

      // With `minValidity`, the token in memory may not live long enough.
      const key = minValidity === undefined ? keyOf(target) : undefined
      const present = key === undefined ? undefined : cache.current(key)
      return present ?? cache.get(await requestFor(target), signal, minValidity)
    },
    fetch: authorizedFetch({
      source,
      match,
      unlisted,
      whenSignedOut: 'throw',
      follow,
      proofs,
      fetch: (input, init) => platform.fetch(input, init),
      observe: (type, details) => emit(type, {}, details as ClientTokenEvents[typeof type]),
    }),
    async headersFor(url, method = 'GET') {
      const place = match(String(url))
      if (!place.target) throw notAllowed(place)

      const token = source.current(place.target) ?? (await source.get(place.target))
      const headers = { authorization: authorizationHeader(token) }
      await proofs?.()?.prove(token, method, place.url, headers)
      return new Headers(headers)
    },
  }
}

import { useMemo, useSyncExternalStore } from 'react'
import { type AccessTokenState, followAccessToken, NO_ACCESS_TOKEN } from '../manager/follow-access-token.ts'
import type { Target } from '../protocol/access-token.ts'
import { useTokenManager } from './token-manager-provider.ts'

/**
 * The access token, for code that does not use `fetch`, such as a WebSocket, a map widget or a media player. Renders again with each new token. For
 * requests use `manager.fetch`, which gets the token when the request is sent.
 * @param target which token. Default: the first entry of `resources`
 * @throws TokenManagerError `ERR_INVALID_OPTION` outside of a `TokenManagerProvider`
 */
export function useAccessToken({ resource, audience, scope }: Target = {}): AccessTokenState {
  const manager = useTokenManager()
  // Another target begins with nothing: a token of the target before must not be shown, not even for one render.
  const [follow, shown] = useMemo(() => {
    let state = NO_ACCESS_TOKEN
    const follow = (changed: () => void) =>
      followAccessToken(manager, { resource, audience, scope }, (next) => {
        state = next
        changed()
      })
    return [follow, () => state] as const
  }, [manager, resource, audience, scope])

  return useSyncExternalStore(follow, shown, shown)
}

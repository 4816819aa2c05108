import { useEffect, useMemo, useState } from 'react'
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: another manager has other tokens
  const wanted = useMemo(() => ({ resource, audience, scope }), [manager, resource, audience, scope])
  const [[of, shown], setShown] = useState<readonly [of?: Target, shown?: AccessTokenState]>([])

  useEffect(() => followAccessToken(manager, wanted, (state) => setShown([wanted, state])), [manager, wanted])
  // A token of the target before must not be shown, not even until the effect runs.
  return (of === wanted && shown) || NO_ACCESS_TOKEN
}

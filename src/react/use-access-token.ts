import { useEffect, useState } from 'react'
import { type AccessTokenState, followAccessToken, NO_ACCESS_TOKEN } from '../manager/follow-access-token.ts'
import type { Target } from '../protocol/access-token.ts'
import { useTokenManager } from './token-manager-provider.ts'

/**
 * The access token, for what is not a `fetch`: a WebSocket, a map widget, a media player. Renders again with each new token. For
 * requests take `manager.fetch`, which asks for the token when the request leaves.
 * @param target which token. Default: the first entry of `resources`
 * @throws TokenManagerError `ERR_INVALID_OPTION` outside of a `TokenManagerProvider`
 */
export function useAccessToken({ resource, audience, scope }: Target = {}): AccessTokenState {
  const manager = useTokenManager()
  const [shown, setShown] = useState(NO_ACCESS_TOKEN)

  useEffect(
    () => followAccessToken(manager, { resource, audience, scope }, setShown),
    [manager, resource, audience, scope],
  )
  return shown
}

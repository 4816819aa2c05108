import { useEffect, useState } from 'react'
import type { TokenManagerError } from '../errors.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import { useTokenManager } from './token-manager-provider.ts'
import { useSession } from './use-session.ts'

/** What {@link useAccessToken} gives. */
export interface AccessTokenState {
  /** The token; its text is `accessToken.value`. Absent until there is one, and when nobody is signed in. */
  readonly accessToken?: AccessToken | undefined
  /** Why there is none. `isTransient(error)`: there may be one later without a person doing anything. */
  readonly error?: TokenManagerError | undefined
}

const NOTHING: AccessTokenState = {}

/**
 * The access token, for what is not a `fetch`: a WebSocket, a map widget, a media player. Renders again with each new token. For
 * requests take `manager.fetch`, which asks for the token when the request leaves.
 * @param target which token. Default: the first entry of `resources`
 * @throws TokenManagerError `ERR_INVALID_OPTION` outside of a `TokenManagerProvider`
 */
export function useAccessToken({ resource, audience, scope }: Target = {}): AccessTokenState {
  const manager = useTokenManager()
  const state = useSession()
  const signedInAt = state.status === 'signedIn' ? state.session.signedInAt : undefined
  const [shown, setShown] = useState(NOTHING)

  useEffect(() => {
    if (signedInAt === undefined) return

    let isOver = false
    const target: Target = {
      ...(resource !== undefined && { resource }),
      ...(audience !== undefined && { audience }),
      ...(scope !== undefined && { scope }),
    }
    const show = (next: AccessTokenState) => {
      if (!isOver) setShown(next)
    }
    const look = () => {
      manager.getAccessToken(target).then(
        (accessToken) => show({ accessToken }),
        (error: TokenManagerError) => show({ error }),
      )
    }

    look()
    // Whoever refreshed, this context or another one.
    const undo = [manager.on('refreshed', look), manager.on('adopted', look)]
    return () => {
      isOver = true
      for (const stop of undo) stop()
      setShown(NOTHING)
    }
  }, [manager, signedInAt, resource, audience, scope])

  return shown
}

import { useSyncExternalStore } from 'react'
import { LOADING, type SessionState } from '../session/state.ts'
import { useTokenManager } from './token-manager-provider.ts'

// A server has no session. The first rendering in the browser has to be the same as the server's.
const onServer = () => LOADING.state

/**
 * The state of the session. Renders again when something a person could see has changed, and not for a refresh. `loading` on a server
 * and while a page that a server rendered is hydrated.
 * @throws TokenManagerError `ERR_INVALID_OPTION` outside of a `TokenManagerProvider`
 */
export function useSession(): SessionState {
  const manager = useTokenManager()
  return useSyncExternalStore(manager.subscribe, () => manager.state, onServer)
}

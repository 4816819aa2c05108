import { getCurrentInstance, type ShallowRef, shallowRef, watchPostEffect } from 'vue'
import { LOADING, type SessionState } from '../session/state.ts'
import { useTokenManager } from './token-manager-plugin.ts'

/**
 * The state of the session. It changes when something a person could see has changed, and not for a refresh. `loading` on a server,
 * and while a page that a server rendered is hydrated.
 * @throws TokenManagerError `ERR_INVALID_OPTION` in an app without {@link tokenManagerPlugin}
 */
export function useSession(): Readonly<ShallowRef<SessionState>> {
  const manager = useTokenManager()
  // If a server has rendered the component, its element exists already.
  const isHydrated = Boolean(getCurrentInstance()?.vnode.el)
  const state = shallowRef(isHydrated ? LOADING.state : manager.state)

  // This runs after the component was shown, so it never runs on a server.
  watchPostEffect((onCleanup) => {
    const stop = manager.subscribe((next) => {
      state.value = next
    })
    onCleanup(stop)
  })
  return state
}

import type { Signal } from '@angular/core'
import type { SessionState } from '../session/state.ts'
import { followed } from './followed.ts'
import { injectTokenManager } from './provide-token-manager.ts'

/**
 * The state of the session, wherever `inject()` may be called. It changes when something a person could see has changed, and not for a
 * refresh. `loading` on a server.
 */
export function injectSession(): Signal<SessionState> {
  const manager = injectTokenManager()
  return followed(manager.state, manager.subscribe)
}

import { fromStore } from 'svelte/store'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState } from '../session/state.ts'

/** A value that runes follow: `current` read in a component, a `$derived` or an `$effect` is read again when it has changed. */
export interface Current<Value> {
  /** The value as it is now. */
  readonly current: Value
}

/**
 * The state of the session for runes: `session(tokens).current`. It changes when something a person could see has changed, and not for
 * a refresh. In components without runes the manager itself is a store: `$tokens`.
 */
export function session(manager: TokenManager): Current<SessionState> {
  return fromStore(manager)
}

import { createElement, Fragment, type ReactElement, type ReactNode } from 'react'
import type { SessionState } from '../session/state.ts'
import { useSession } from './use-session.ts'

/** The properties of {@link RequireSession}. */
export interface RequireSessionProps {
  /** Shown to a person who is signed in. */
  readonly children?: ReactNode
  /** Shown while the session is read. Default: nothing. */
  readonly loading?: ReactNode
  /**
   * Shown while nobody is signed in: a page with a button that calls `signIn()`. A function gets the state, whose `reason` says
   * why. Without a click, call `signIn()` only for the `reason` `none`. Otherwise it would undo every sign-out.
   */
  readonly signedOut: ReactNode | ((state: SessionState & { readonly status: 'signedOut' }) => ReactNode)
}

/** Shows its children to a person who is signed in, and something else to others. It only hides things: the API has to protect the data. */
export function RequireSession({ children, loading, signedOut }: RequireSessionProps): ReactElement {
  const state = useSession()
  return createElement(Fragment, null, shown())

  function shown(): ReactNode {
    if (state.status === 'signedIn') return children
    if (state.status === 'loading') return loading
    return typeof signedOut === 'function' ? signedOut(state) : signedOut
  }
}

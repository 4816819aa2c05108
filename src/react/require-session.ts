import { createElement, Fragment, type ReactElement, type ReactNode } from 'react'
import type { SessionState } from '../session/state.ts'
import { useSession } from './use-session.ts'

/** What {@link RequireSession} takes. */
export interface RequireSessionProps {
  /** Shown to a person who is signed in. */
  readonly children?: ReactNode
  /** Shown while the session is read. Default: nothing. */
  readonly loading?: ReactNode
  /**
   * Shown while nobody is signed in: a page with a button that calls `signIn()`. As a function it hears the state, whose `reason` says
   * why. Call `signIn()` by yourself only for the `reason` `none`: after a sign-out it would sign the person in again at once.
   */
  readonly signedOut: ReactNode | ((state: SessionState & { readonly status: 'signedOut' }) => ReactNode)
}

/** Shows its children to a person who is signed in, and something else to others. What it hides is hidden, not protected: the API decides. */
export function RequireSession({ children, loading, signedOut }: RequireSessionProps): ReactElement {
  const state = useSession()
  return createElement(Fragment, null, shown())

  function shown(): ReactNode {
    if (state.status === 'signedIn') return children
    if (state.status === 'loading') return loading
    return typeof signedOut === 'function' ? signedOut(state) : signedOut
  }
}

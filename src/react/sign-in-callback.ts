import { createElement, type ReactElement, useEffect } from 'react'
import { returnPath } from '../manager/detour.ts'
import { RequireSession, type RequireSessionProps } from './require-session.ts'
import { useSession } from './use-session.ts'

/** What {@link SignInCallback} takes. */
export interface SignInCallbackProps extends Omit<RequireSessionProps, 'children'> {
  /**
   * Goes to a path of the app, in place of the present one: `(path) => navigate(path, { replace: true })`. Called when the person has
   * signed in, with the `returnTo` of `signIn()` where that is a path of this origin, and with `/` otherwise.
   */
  readonly navigate: (path: string) => void
}

/** What the route of `redirectUri` shows: it sends the person on, and shows `signedOut` when the sign-in brought none. */
export function SignInCallback(props: SignInCallbackProps): ReactElement {
  const state = useSession()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another function that does the same is no reason to go there again
  useEffect(() => {
    if (state.status === 'signedIn') props.navigate(returnPath(state.session.returnTo))
  }, [state.status])

  return createElement(RequireSession, props)
}

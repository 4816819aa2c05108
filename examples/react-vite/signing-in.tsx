import { type ReactElement, useState } from 'react'
import { Navigate, useLocation } from 'react-router'
import { useSession, useTokenManager } from 'tokenward/react'

/** For people who are not signed in. It waits for a click: a page that signs in by itself would undo every sign-out. */
export function Welcome(): ReactElement {
  const { signIn } = useTokenManager()
  const state = useSession()
  const { pathname, search } = useLocation()
  const [problem, setProblem] = useState('')
  const failure = state.status === 'signedOut' && state.error

  const begin = () => {
    signIn({ returnTo: pathname + search }).catch((error: Error) => setProblem(error.message))
  }

  return (
    <main>
      <button type="button" onClick={begin}>
        Sign in
      </button>
      <p role="alert">{problem || (failure && `The sign-in did not work (${failure.reason}).`)}</p>
    </main>
  )
}

/** The page of `redirectUri`. It goes back to where the sign-in began, also when the sign-in failed. */
export function Callback(): ReactElement | null {
  const state = useSession()
  if (state.status === 'loading') return null
  const { returnTo = 'notes' } = state.status === 'signedIn' ? state.session : state
  // Always a path of this origin. A link may have set `returnTo`, and "//other.example" would be another host.
  return <Navigate to={`/${returnTo.replace(/^[\s/\\]+/, '')}`} replace />
}

import { type ReactElement, useState } from 'react'
import { Navigate, useLocation } from 'react-router'
import { useSession, useTokenManager } from 'tokenward/react'

/** For people who are not signed in. It waits for the button: a page that signs in by itself undoes every sign-out. */
export function Welcome(): ReactElement {
  const { signIn } = useTokenManager()
  const { pathname, search } = useLocation()
  const [problem, setProblem] = useState('')
  const returnTo = pathname === '/callback' ? '/notes' : pathname + search

  const begin = () => {
    signIn({ returnTo }).catch((error: Error) => setProblem(error.message))
  }

  return (
    <main>
      <button type="button" onClick={begin}>
        Sign in
      </button>
      <p role="alert">{problem}</p>
    </main>
  )
}

/** Sends who comes back from signing in on to where that began. */
export function SignedIn(): ReactElement {
  const state = useSession()
  const returnTo = (state.status === 'signedIn' && state.session.returnTo) || 'notes'
  // A path of this origin, whatever a link had put there: "//other.example" would be another host.
  return <Navigate to={`/${returnTo.replace(/^[\s/\\]+/, '')}`} replace />
}

'use client'

import { useState } from 'react'
import { useTokenManager } from 'tokenward/react'

/** For people who are not signed in. It waits for a click: a page that signs in by itself would undo every sign-out. */
export function Welcome() {
  const { signIn } = useTokenManager()
  const [problem, setProblem] = useState('')

  function begin() {
    const { pathname, search } = window.location
    signIn({ returnTo: pathname + search }).catch((error: Error) => setProblem(error.message))
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

'use client'

import { useState } from 'react'
import { TokenManagerProvider, useSession } from 'tokenward/react'
import { tokens } from './app-tokens'

/** The session, and what a person can do with it. */
export function Session() {
  return (
    <TokenManagerProvider manager={tokens}>
      <Buttons />
    </TokenManagerProvider>
  )
}

function Buttons() {
  const { status } = useSession()
  const [isRefreshed, setRefreshed] = useState(false)

  async function refresh() {
    await tokens.refresh() // close this tab now: the session lives on in the others
    setRefreshed(true)
  }

  return (
    <>
      <p>
        Status: <output id="status">{isRefreshed ? 'refreshed' : status}</output>
      </p>
      <button id="sign-in" type="button" onClick={() => void tokens.signIn()}>
        Sign in
      </button>
      <button id="refresh" type="button" onClick={() => void refresh()}>
        Refresh
      </button>
    </>
  )
}

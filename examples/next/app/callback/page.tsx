'use client'

import { redirect } from 'next/navigation'
import { useSession } from 'tokenward/react'

/** Where the server sends people back to: on to where the sign-in began, also when it did not work. */
export default function Callback() {
  const state = useSession()
  if (state.status === 'loading') return null
  const { returnTo = 'notes' } = state.status === 'signedIn' ? state.session : state
  // Always a path of this origin. A link may have set `returnTo`, and "//other.example" would be another host.
  redirect(`/${returnTo.replace(/^[\s/\\]+/, '')}`)
}

'use client'

import { redirect } from 'next/navigation'
import { useSession } from 'tokenward/react'

/** The page of `redirectUri`. It goes back to where the sign-in began, also when the sign-in failed. */
export default function Callback() {
  const state = useSession()
  if (state.status === 'loading') return null
  const { returnTo = 'notes' } = state.status === 'signedIn' ? state.session : state
  // Always a path of this origin. A link may have set `returnTo`, and "//other.example" would be another host.
  redirect(`/${returnTo.replace(/^[\s/\\]+/, '')}`)
}

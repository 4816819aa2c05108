'use client'

import { redirect } from 'next/navigation'
import { useSession } from 'tokenward/react'

/** Sends who comes back from signing in on to where that began. */
export default function Callback() {
  const state = useSession()
  const returnTo = (state.status === 'signedIn' && state.session.returnTo) || 'notes'
  // A path of this origin, whatever a link had put there: "//other.example" would be another host.
  redirect(`/${returnTo.replace(/^[\s/\\]+/, '')}`)
}

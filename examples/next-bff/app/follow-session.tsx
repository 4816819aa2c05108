'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { useSession } from 'tokenward/react'

/** Asks the server to render the page again when somebody else than `subject` is signed in, here or in another tab. */
export function FollowSession({ subject }: { readonly subject?: string | undefined }) {
  const { refresh } = useRouter()
  const state = useSession()
  const present = state.status === 'signedIn' ? state.session.subject : undefined
  const isOther = state.status !== 'loading' && present !== subject

  useEffect(() => {
    if (isOther) refresh()
  }, [isOther, refresh])
  return null
}

import type { ReactNode } from 'react'
import { RequireSession } from 'tokenward/react'
import { Welcome } from '../welcome'

/** The guard of all pages in this folder. */
export default function SignedInLayout({ children }: { readonly children: ReactNode }) {
  return <RequireSession signedOut={<Welcome />}>{children}</RequireSession>
}

import type { ReactNode } from 'react'
import { RequireSession } from 'tokenward/react'
import { Welcome } from '../welcome'

/** The guard of the pages in this folder. It hides them, and the API protects what they show. */
export default function NotesLayout({ children }: { readonly children: ReactNode }) {
  return <RequireSession signedOut={<Welcome />}>{children}</RequireSession>
}

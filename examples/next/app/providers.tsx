'use client'

import type { ReactNode } from 'react'
import { TokenManagerProvider } from 'tokenward/react'
import { tokens } from './app-tokens'

/** What lives in the browser: a server component cannot hand a token manager on. */
export function Providers({ children }: { readonly children: ReactNode }) {
  return <TokenManagerProvider manager={tokens}>{children}</TokenManagerProvider>
}

'use client'

import type { ReactNode } from 'react'
import { TokenManagerProvider } from 'tokenward/react'
import { tokens } from './app-tokens'

/** Runs in the browser, because a server component cannot pass a token manager to the page. */
export function Providers({ children }: { readonly children: ReactNode }) {
  return <TokenManagerProvider manager={tokens}>{children}</TokenManagerProvider>
}

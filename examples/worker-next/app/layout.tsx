import type { Metadata } from 'next'
import type { ReactNode } from 'react'

// The nonce of proxy.ts is for one answer.
export const dynamic = 'force-dynamic'

export const metadata: Metadata = { title: 'A refresh that outlives its tab (Next.js)', icons: { icon: 'data:,' } }

export default function RootLayout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}

import { type NextRequest, NextResponse } from 'next/server'

const issuer = process.env.NEXT_PUBLIC_ISSUER ?? 'https://as.example.com'

/** The content security policy of every page, with Trusted Types. Next.js puts the nonce of the request's policy into its own scripts. */
export function proxy(request: NextRequest): NextResponse {
  const nonce = crypto.randomUUID()
  const policy = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "worker-src 'self'",
    `connect-src 'self' ${issuer}`,
    'img-src data:',
    "object-src 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ].join('; ')

  const headers = new Headers(request.headers)
  headers.set('content-security-policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

// Scripts are no pages, and the worker is a script.
export const config = { matcher: '/((?!_next/static).*)' }

import { base64url } from '../protocol/base64url.ts'

/**
 * Makes a `Response` with a JSON body and `content-type: application/json`.
 * @param body any value that JSON can hold
 * @param status the HTTP status. Default 200
 * @param headers more headers; one called `content-type` replaces the usual one. Default: none
 */
export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/**
 * Makes an ID token for tests. Its header says `RS256`, but nobody signed it. This library accepts it, because it gets ID tokens straight
 * from the token endpoint and trusts the TLS connection instead of the signature (OpenID Connect Core §3.1.3.7).
 * @param claims the payload
 * @param signature the third part of the token, base64url. Default: the letters `sig`
 */
export function unsignedIdToken(claims: Record<string, unknown>, signature = 'c2ln'): string {
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)))

  return `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`
}

/** Reads the key and the nonce of a DPoP proof (RFC 9449 §4.2). Does not check its signature. */
export function readProof(proof: string): { readonly jwk: string; readonly nonce?: string } {
  const [header, payload] = proof.split('.', 2).map((part) => atob(part.replace(/-/g, '+').replace(/_/g, '/')))

  return { ...JSON.parse(payload as string), jwk: JSON.stringify(JSON.parse(header as string).jwk) }
}

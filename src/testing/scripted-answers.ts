import { base64url } from '../protocol/base64url.ts'

/** A JSON answer. Default status 200, no further headers. */
export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** An ID token that nobody signed: this library reads the claims and trusts the connection (OpenID Connect Core §3.1.3.7). */
export function unsignedIdToken(claims: Record<string, unknown>, signature = 'c2ln'): string {
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)))
  return `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`
}

/** What a DPoP proof says (RFC 9449 §4.2). Its signature is not looked at. */
export function readProof(proof: string): { readonly jwk: string; readonly nonce?: string } {
  const [header, payload] = proof.split('.', 2).map((part) => atob(part.replace(/-/g, '+').replace(/_/g, '/')))
  return { ...JSON.parse(payload as string), jwk: JSON.stringify(JSON.parse(header as string).jwk) }
}

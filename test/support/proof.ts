import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose'

/** A proof whose signature was checked (RFC 9449 §4.3). */
export interface Proof {
  readonly claims: JWTPayload & {
    readonly htm: string
    readonly htu: string
    readonly ath?: string
    readonly nonce?: string
  }
  readonly header: { readonly alg: string; readonly jwk: Record<string, string> }
  readonly jkt: string
}

/** Checks the signature of a proof and says what it says; rejects for anything else. */
export async function verifyProof(proof: string | null | undefined): Promise<Proof> {
  const { payload, protectedHeader } = await jwtVerify(proof ?? '', EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256', 'EdDSA', 'Ed25519'],
  })
  const { alg, jwk } = protectedHeader as unknown as Proof['header']
  return { claims: payload as Proof['claims'], header: { alg, jwk }, jkt: await calculateJwkThumbprint(jwk) }
}

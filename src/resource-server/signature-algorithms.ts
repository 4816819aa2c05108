import type { JWK } from 'jose'

/** The type and the curve of the keys for each algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const shapes: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

/** All algorithms that can be used. They are all asymmetric. */
export const signatureAlgorithms: readonly string[] = Object.keys(shapes)

/** The smallest RSA key, in bits (RFC 7518 §3.3, §3.5). */
export const smallestModulusBits = 2_048
/** The length of its modulus in base64url. */
const SMALLEST_MODULUS = 342

/** Whether `jwk` can have made a signature with `alg`. */
export function fitsAlgorithm(jwk: JWK, alg: string): boolean {
  const shape = Object.hasOwn(shapes, alg) ? shapes[alg] : undefined
  if (!shape) return false

  const hasShape = jwk.kty === shape.kty && jwk.crv === shape.crv
  const isForAlgorithm = jwk.alg === undefined || jwk.alg === alg
  return hasShape && isForAlgorithm && (shape.kty !== 'RSA' || hasLongModulus(jwk))
}

function hasLongModulus({ n }: JWK): boolean {
  return typeof n === 'string' && n.length >= SMALLEST_MODULUS
}

/** The size of the hash in the name of an RSA or ECDSA algorithm. */
export function hashBits(alg: string): number {
  return Number(alg.slice(2))
}

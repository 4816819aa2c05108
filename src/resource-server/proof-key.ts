import { calculateJwkThumbprint, type JWK } from 'jose'
import { Refusal } from './access-token-error.ts'
import { fitsAlgorithm } from './signature-algorithms.ts'

const PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** The lengths in base64url of a modulus of 4096 bit and an exponent of 32 bit. Verifying with larger ones would take too long. */
const LONGEST_MODULUS = 683
const LONGEST_EXPONENT = 6
/** The length of a coordinate in base64url, for each curve (RFC 7518 §6.2.1.2, RFC 8037 §2). */
const COORDINATES: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 43],
  ['P-384', 64],
  ['P-521', 88],
  ['Ed25519', 43],
])

/** The public key in a proof. Its form was checked. Whether it is a point on its curve, or a real modulus, was not. */
export interface ProofKey {
  readonly jwk: JWK
  /** The thumbprint of the key (RFC 7638). */
  readonly thumbprint: string
}

/**
 * Reads the `jwk` of a proof made with `alg`.
 * @throws Refusal `proof_invalid`
 */
export async function proofKey(jwk: unknown, alg: string): Promise<ProofKey> {
  if (typeof jwk !== 'object' || jwk === null) throw invalid('jwk')
  if (PRIVATE_PARTS.some((name) => name in jwk)) throw invalid('jwk holds a private key')
  if (!fitsAlgorithm(jwk, alg)) throw invalid('jwk does not fit alg')
  if (!hasRightSize(jwk)) throw invalid('jwk has a wrong size; RSA has at most 4096 bit, and its exponent 32')
  try {
    return { jwk, thumbprint: await calculateJwkThumbprint(jwk) }
  } catch {
    throw invalid('jwk')
  }
}

function hasRightSize({ kty, crv, n, e, x }: JWK): boolean {
  if (kty === 'RSA') return lengthOf(n) <= LONGEST_MODULUS && lengthOf(e) <= LONGEST_EXPONENT
  return lengthOf(x) === COORDINATES.get(crv)
}

function lengthOf(part: unknown): number {
  return typeof part === 'string' ? part.length : Number.POSITIVE_INFINITY
}

function invalid(detail: string): Refusal {
  return new Refusal('proof_invalid', detail)
}

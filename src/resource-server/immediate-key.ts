import type { JWK } from 'jose'
import { builtin } from './builtin.ts'
import { invalidOption } from './invalid-option.ts'
import { fitsAlgorithm, hashBits, smallestModulusBits } from './signature-algorithms.ts'

/** A public key for one algorithm that verifies synchronously, with Node's crypto module. */
export interface ImmediateKey {
  readonly alg: string
  /** Whether the key made `signature` over `signed`. */
  made(signature: Uint8Array, signed: Uint8Array): boolean
}

/** The algorithms that are fast enough. Longer curves and longer RSA keys would block the whole process for up to 2 ms. */
const QUICK = /^([RP]S(256|384|512)|ES256|EdDSA|Ed25519)$/
const LARGEST_MODULUS_BITS = 4_096

/** The global scope of Node. Bun and Deno have it too, but verify differently. */
interface NodeLike {
  readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> }
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` on platforms other than Node */
export function checkImmediate(): void {
  const { versions = {} } = (globalThis as NodeLike).process ?? {}
  const isAnother = versions.bun !== undefined || versions.deno !== undefined
  const isNode = versions.node !== undefined && !isAnother
  if (!isNode || !builtin('node:crypto')) throw invalidOption("Option signatures can be 'immediate' on Node only")
}

/**
 * Makes the key from the public members of `jwk`.
 * @returns `undefined` if verifying with `alg` or with this key takes too long, or if `jwk` is no key for `alg`
 */
export function immediateKey(jwk: JWK, alg: string): ImmediateKey | undefined {
  const node = builtin('node:crypto')
  const isQuick = QUICK.test(alg) && fitsAlgorithm(jwk, alg)
  if (!node || !isQuick) return undefined

  const { kty, crv, n, e, x, y } = jwk
  try {
    const key = node.createPublicKey({ key: { kty, crv, n, e, x, y }, format: 'jwk' })
    const { modulusLength = smallestModulusBits } = key.asymmetricKeyDetails ?? {}
    const hasRightSize = modulusLength >= smallestModulusBits && modulusLength <= LARGEST_MODULUS_BITS
    if (!hasRightSize) return undefined

    const hash = hashOf(alg)
    const padding = alg.startsWith('PS') ? node.constants.RSA_PKCS1_PSS_PADDING : undefined
    // The salt is as long as the hash (RFC 7518 §3.5).
    const saltLength = padding === undefined ? undefined : hashBits(alg) / 8
    const how = { key, dsaEncoding: 'ieee-p1363', padding, saltLength } as const
    return { alg, made: (signature, signed) => node.verify(hash, signed, how, signature) }
  } catch {
    return undefined
  }
}

/** The name of the hash in Node. `null` for Ed25519, which has its own hash (RFC 8037). */
function hashOf(alg: string): string | null {
  return alg.startsWith('Ed') ? null : `sha${hashBits(alg)}`
}

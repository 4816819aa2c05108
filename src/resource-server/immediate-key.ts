import type { JWK } from 'jose'
import { builtin } from './builtin.ts'
import { invalidOption } from './invalid-option.ts'
import { fitsAlgorithm, hashBits, smallestModulusBits } from './signature-algorithms.ts'

/** A public key for signatures with one algorithm, of Node's own kind. */
export interface ImmediateKey {
  readonly alg: string
  /** Whether it made `signature` over `signed`; at once. */
  made(signature: Uint8Array, signed: Uint8Array): boolean
}

/** What is quick enough to be waited for. Longer curves and longer RSA keys would hold up the whole process for up to 2 ms. */
const QUICK = /^([RP]S(256|384|512)|ES256|EdDSA|Ed25519)$/
const LARGEST_MODULUS_BITS = 4_096

/** How much of Node this platform is: Bun and Deno have its modules, and verify in other ways. */
interface NodeLike {
  readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> }
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` anywhere but on Node */
export function checkImmediate(): void {
  const { versions = {} } = (globalThis as NodeLike).process ?? {}
  const isAnother = versions.bun !== undefined || versions.deno !== undefined
  const isNode = versions.node !== undefined && !isAnother
  if (!isNode || !builtin('node:crypto')) throw invalidOption("Option signatures can be 'immediate' on Node only")
}

/**
 * The public key that `jwk` holds, made of the members of a public key alone.
 * @returns `undefined` where `alg` or the key takes too long to be waited for, and for what is no such key
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
    // RFC 7518 §3.5: the salt is as long as the hash.
    const saltLength = padding === undefined ? undefined : hashBits(alg) / 8
    const how = { key, dsaEncoding: 'ieee-p1363', padding, saltLength } as const
    return { alg, made: (signature, signed) => node.verify(hash, signed, how, signature) }
  } catch {
    return undefined
  }
}

/** `null`: Ed25519 hashes by itself (RFC 8037). */
function hashOf(alg: string): string | null {
  return alg.startsWith('Ed') ? null : `sha${hashBits(alg)}`
}

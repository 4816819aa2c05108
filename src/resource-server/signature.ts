import { base64url, importJWK, type JWK } from 'jose'
import { builtin } from './builtin.ts'
import { type ImmediateKey, immediateKey } from './immediate-key.ts'
import { hashBits, smallestModulusBits } from './signature-algorithms.ts'

const utf8 = new TextEncoder()
const node = builtin('node:buffer')

/** How signatures are verified. `pooled`: by Web Cryptography, which on Node uses other threads. `immediate`: synchronously, only on Node. */
export type SignatureMode = 'pooled' | 'immediate'

/** A public key for signatures with one algorithm. */
export type VerificationKey = CryptoKey | ImmediateKey

/**
 * Makes the public key in `jwk`, for verifying signatures with `alg`. Private members are ignored.
 * @param mode with `'immediate'`, keys and algorithms that would take too long are still `'pooled'`
 * @returns `undefined` if `jwk` is no key for `alg`, or an RSA key below 2048 bit
 */
export async function verificationKey(
  jwk: JWK,
  alg: string,
  mode: SignatureMode = 'pooled',
): Promise<VerificationKey | undefined> {
  const immediate = mode === 'immediate' ? immediateKey(jwk, alg) : undefined
  return immediate ?? pooledKey(jwk, alg)
}

async function pooledKey(jwk: JWK, alg: string): Promise<CryptoKey | undefined> {
  const { kty, crv, n, e, x, y } = jwk as Record<string, unknown>
  try {
    const key = (await importJWK({ kty, crv, n, e, x, y } as JWK, alg)) as CryptoKey
    const { modulusLength = smallestModulusBits } = key.algorithm as Partial<RsaKeyAlgorithm>
    return modulusLength >= smallestModulusBits ? key : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether `key` made the signature (RFC 7515 §5.2).
 * @param jwt a JWT that `readJwt` has accepted
 * @param key a {@link verificationKey} for `alg`
 */
export async function isSignedBy(jwt: string, key: VerificationKey, alg: string): Promise<boolean> {
  const end = jwt.lastIndexOf('.')
  const text = jwt.slice(0, end)
  try {
    const signature = bytes(jwt.slice(end + 1))
    const signed = node ? node.Buffer.from(text, 'latin1') : utf8.encode(text)
    if ('made' in key) return key.alg === alg && key.made(signature, signed)
    return await crypto.subtle.verify(parameters(alg), key, signature, signed)
  } catch {
    return false
  }
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return node ? node.Buffer.from(text, 'base64url') : (base64url.decode(text) as Uint8Array<ArrayBuffer>)
}

/** The algorithm's parameters for Web Cryptography. */
function parameters(alg: string): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  if (alg.startsWith('RS')) return 'RSASSA-PKCS1-v1_5'
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', saltLength: hashBits(alg) / 8 }
  if (alg.startsWith('ES')) return { name: 'ECDSA', hash: `SHA-${hashBits(alg)}` }
  return 'Ed25519'
}

import { base64url, importJWK, type JWK } from 'jose'
import { builtin } from './builtin.ts'
import { type ImmediateKey, immediateKey } from './immediate-key.ts'
import { hashBits, smallestModulusBits } from './signature-algorithms.ts'

const utf8 = new TextEncoder()
const node = builtin('node:buffer')

/** How signatures are verified: by Web Cryptography, which on Node works in threads of its own, or at once, on Node alone. */
export type SignatureMode = 'pooled' | 'immediate'

/** A public key for signatures with one algorithm. */
export type VerificationKey = CryptoKey | ImmediateKey

/**
 * The public key that `jwk` holds, for verifying signatures with `alg` alone; a private part, if somebody published one, stays out.
 * @param mode where it is `'immediate'`, keys and algorithms that are too dear for it are pooled all the same
 * @returns `undefined` for what is no such key, and for RSA keys below 2048 bit
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
 * @param jwt one that `readJwt` has read: three parts of canonical base64url
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

/** What Web Cryptography wants to know beside the key. */
function parameters(alg: string): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  if (alg.startsWith('RS')) return 'RSASSA-PKCS1-v1_5'
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', saltLength: hashBits(alg) / 8 }
  if (alg.startsWith('ES')) return { name: 'ECDSA', hash: `SHA-${hashBits(alg)}` }
  return 'Ed25519'
}

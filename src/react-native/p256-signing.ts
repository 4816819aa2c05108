import { TokenManagerError } from '../errors.ts'
import type { Signing } from '../ports.ts'
import { base64url } from '../protocol/base64url.ts'

/** The part of `p256` of `@noble/curves/nist.js` (version 2) that is used. */
export interface P256 {
  /** Functions for keys. */
  readonly utils: {
    /** Makes a private key from random bytes. */
    randomSecretKey(seed?: Uint8Array): Uint8Array
  }
  /** The public key of a private key. If `isCompressed` is false, it is the byte 4, then x, then y. */
  getPublicKey(secretKey: Uint8Array, isCompressed?: boolean): Uint8Array
  /** Signs the SHA-256 of `message`. The signature is r, then s. */
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array
}

/**
 * Makes ES256 signatures for `dpop({ signing })` on platforms without Web Cryptography. The private key is a JWK in the keychain, together with the
 * tokens, so it protects only against somebody who gets the tokens alone. For keys that stay in hardware, write a {@link Signing} of your own
 * whose `privateKey` is a `KeyHandle`: `{ alias }`.
 * @param p256 `p256` of `@noble/curves/nist.js`
 * @param randomBytes returns `length` strong random bytes: `getRandomBytes` of expo-crypto
 */
export function p256Signing(p256: P256, randomBytes: (length: number) => Uint8Array): Signing {
  return {
    async generate(alg) {
      assertEs256(alg)
      // 48 bytes are 128 bits more than the order of the curve. So no key is noticeably more likely than another (FIPS 186-5 A.2.1).
      const secret = p256.utils.randomSecretKey(randomBytes(48))
      const point = p256.getPublicKey(secret, false)
      const publicKey = { kty: 'EC', crv: 'P-256', x: base64url(point.slice(1, 33)), y: base64url(point.slice(33)) }
      return { alg, publicKey, privateKey: { ...publicKey, d: base64url(secret) } }
    },
    async signer({ alg, privateKey }) {
      assertEs256(alg)
      const { d } = privateKey as JsonWebKey
      if (d === undefined)
        throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported', 'The key is no private JWK')

      const secret = bytesOf(d)
      return async (data) => p256.sign(data, secret)
    },
  }
}

function assertEs256(alg: string): void {
  if (alg === 'ES256') return

  throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported', `p256Signing() makes ES256 signatures, not ${alg}`)
}

function bytesOf(text: string): Uint8Array {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

import type { CryptoKey, JsonWebKey, Signing, SigningKey } from '../ports.ts'
import { subtle } from './web-crypto.ts'

/**
 * Signatures of the platform's Web Cryptography: `ES256`, and `Ed25519` (also called `EdDSA`) on platforms that have it. Private keys cannot be exported
 * unless `extractable` is true. In an insecure context, both methods reject with `ERR_UNSUPPORTED` (`insecure_context`).
 */
export const webSigning: Signing = {
  async generate(alg, extractable) {
    const pair = (await subtle().generateKey(algorithmOf(alg), extractable, ['sign', 'verify'])) as CryptoKeyPair
    const { crv, kty, x, y } = await subtle().exportKey('jwk', pair.publicKey)
    return {
      alg,
      privateKey: extractable ? await subtle().exportKey('jwk', pair.privateKey) : pair.privateKey,
      publicKey: { crv, kty, x, ...(y !== undefined && { y }) } as JsonWebKey,
    }
  },
  async signer({ alg, privateKey }) {
    const algorithm = algorithmOf(alg)
    const key = isHandle(privateKey)
      ? privateKey
      : await subtle().importKey('jwk', privateKey as JsonWebKey, algorithm, false, ['sign'])
    return (data) => subtle().sign(algorithm, key, data)
  },
}

function isHandle(key: SigningKey['privateKey']): key is CryptoKey {
  return 'usages' in key
}

function algorithmOf(alg: string): EcKeyGenParams & EcdsaParams {
  return { name: alg === 'ES256' ? 'ECDSA' : 'Ed25519', namedCurve: 'P-256', hash: 'SHA-256' }
}

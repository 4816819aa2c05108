import { TokenManagerError } from '../errors.ts'
import type { Crypto } from '../ports.ts'

/**
 * Web Cryptography of the platform, looked up at each call.
 * All but `randomBytes` reject with `ERR_UNSUPPORTED` (`insecure_context`) outside secure contexts.
 */
export const webCrypto: Crypto = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await subtle().digest('SHA-256', data)),
  generateSealingKey: async () => subtle().generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
  async seal(key, plaintext, aad) {
    const iv = webCrypto.randomBytes(12)
    return { iv, data: new Uint8Array(await subtle().encrypt(aesGcm(iv, aad), key, plaintext)) }
  },
  open: async (key, { iv, data }, aad) => new Uint8Array(await subtle().decrypt(aesGcm(iv, aad), key, data)),
}

function aesGcm(iv: BufferSource, additionalData: BufferSource): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData }
}

function subtle(): SubtleCrypto {
  // A page served over plain http from anything but loopback has no `subtle`.
  if (crypto.subtle) return crypto.subtle
  throw new TokenManagerError('ERR_UNSUPPORTED', 'insecure_context')
}

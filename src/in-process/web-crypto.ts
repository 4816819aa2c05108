import { TokenManagerError } from '../errors.ts'
import type { Crypto } from '../ports.ts'

const algorithm = 'AES-GCM'

/**
 * Web Cryptography of the platform, looked up at each call.
 * All but `randomBytes` reject with `ERR_UNSUPPORTED` (`insecure_context`) outside secure contexts.
 */
export const webCrypto: Crypto = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await subtle().digest('SHA-256', data)),
  generateSealingKey: async () => subtle().generateKey({ name: algorithm, length: 256 }, false, ['encrypt', 'decrypt']),
  async seal(key, plaintext, aad) {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const data = await subtle().encrypt({ name: algorithm, iv, additionalData: aad }, key, plaintext)
    return { iv, data: new Uint8Array(data) }
  },
  open: async (key, { iv, data }, aad) =>
    new Uint8Array(await subtle().decrypt({ name: algorithm, iv, additionalData: aad }, key, data)),
}

function subtle(): SubtleCrypto {
  // A page served over plain http from anything but loopback has no `subtle`.
  if (globalThis.crypto?.subtle) return crypto.subtle
  throw new TokenManagerError('ERR_UNSUPPORTED', 'insecure_context', 'crypto.subtle needs https or localhost')
}

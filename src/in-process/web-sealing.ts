import type { Sealing } from '../ports.ts'
import { subtle, webCrypto } from './web-crypto.ts'

/**
 * AES-256-GCM of the platform's Web Cryptography. Its keys cannot be exported. In an insecure context, all methods reject with `ERR_UNSUPPORTED`
 * (`insecure_context`).
 */
export const webSealing: Sealing = {
  generateKey: async () => subtle().generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
  async seal(key, plaintext, aad) {
    const iv = webCrypto.randomBytes(12)
    const data = await subtle().encrypt(aesGcm(iv, aad), key, plaintext)
    return { iv, data: new Uint8Array(data) }
  },
  open: async (key, { iv, data }, aad) => new Uint8Array(await subtle().decrypt(aesGcm(iv, aad), key, data)),
}

function aesGcm(iv: BufferSource, additionalData: BufferSource): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData }
}

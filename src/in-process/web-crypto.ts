import type { Crypto } from '../ports.ts'

const algorithm = 'AES-GCM'

/** Web Cryptography of the platform, looked up at each call. `crypto.subtle` exists in secure contexts only. */
export const webCrypto: Crypto = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', data)),
  generateSealingKey: async () =>
    crypto.subtle.generateKey({ name: algorithm, length: 256 }, false, ['encrypt', 'decrypt']),
  async seal(key, plaintext, aad) {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const data = await crypto.subtle.encrypt({ name: algorithm, iv, additionalData: aad }, key, plaintext)
    return { iv, data: new Uint8Array(data) }
  },
  open: async (key, { iv, data }, aad) =>
    new Uint8Array(await crypto.subtle.decrypt({ name: algorithm, iv, additionalData: aad }, key, data)),
}

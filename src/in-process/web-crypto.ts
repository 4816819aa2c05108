import { TokenManagerError } from '../errors.ts'
import type { Crypto } from '../ports.ts'

/**
 * Randomness and SHA-256 of the platform's Web Cryptography, looked up at each call.
 * `sha256` rejects with `ERR_UNSUPPORTED` (`insecure_context`) outside secure contexts.
 */
export const webCrypto: Crypto = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await subtle().digest('SHA-256', data)),
}

/** @throws TokenManagerError `ERR_UNSUPPORTED` (`insecure_context`) */
export function subtle(): SubtleCrypto {
  // A page served over plain http from anything but loopback has no `subtle`.
  if (crypto.subtle) return crypto.subtle
  throw new TokenManagerError('ERR_UNSUPPORTED', 'insecure_context')
}

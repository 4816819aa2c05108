import { TokenManagerError } from '../errors.ts'
import type { Crypto } from '../ports.ts'

/**
 * Random bytes and SHA-256 of the platform's Web Cryptography, which is looked up at each call. In an insecure context, `sha256` rejects with
 * `ERR_UNSUPPORTED` (`insecure_context`).
 */
export const webCrypto: Crypto = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await subtle().digest('SHA-256', data)),
}

/** @throws TokenManagerError `ERR_UNSUPPORTED` (`insecure_context`) */
export function subtle(): SubtleCrypto {
  // It is missing in a page that was loaded with http from another machine.
  if (crypto.subtle) return crypto.subtle

  throw new TokenManagerError('ERR_UNSUPPORTED', 'insecure_context')
}

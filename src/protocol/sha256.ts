import type { Crypto } from '../ports.ts'
import { base64url } from './base64url.ts'

/**
 * SHA-256 of `text` as UTF-8, in base64url without padding.
 * @param length how many bytes of the hash, from its beginning. Default: all 32
 */
export async function sha256(
  { crypto }: { readonly crypto: Pick<Crypto, 'sha256'> },
  text: string,
  length?: number,
): Promise<string> {
  const hash = await crypto.sha256(new TextEncoder().encode(text))
  return base64url(hash.subarray(0, length))
}

import type { Bytes } from './builtin.ts'

const utf8 = new TextEncoder()

/**
 * HMAC-SHA-256 of a text with `secret`.
 * @param secret default: random, drawn at the first use, as Cloudflare's workers have no randomness before they are called
 */
export function keyedHash(secret: Bytes | undefined): (text: string) => Promise<ArrayBuffer> {
  let key: Promise<CryptoKey> | undefined

  return async (text) => {
    key ??= importKey(secret ?? crypto.getRandomValues(new Uint8Array(32)))
    return crypto.subtle.sign('HMAC', await key, utf8.encode(text))
  }
}

function importKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

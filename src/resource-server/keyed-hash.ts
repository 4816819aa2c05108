import type { Bytes } from './builtin.ts'

const utf8 = new TextEncoder()

/**
 * Makes a function that computes HMAC-SHA-256 of a text with `secret`.
 * @param secret default: random bytes. They are drawn at the first use, because Cloudflare's workers have no random numbers before a request
 */
export function keyedHash(secret: Bytes | undefined): (text: string) => Promise<ArrayBuffer> {
  let bytes = secret
  let key: CryptoKey | undefined

  return async (text) => {
    bytes ??= crypto.getRandomValues(new Uint8Array(32))
    // The key is kept, and not its promise: in Cloudflare's workers, a promise that another request began may never settle.
    key ??= await importKey(bytes)
    return crypto.subtle.sign('HMAC', key, utf8.encode(text))
  }
}

function importKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

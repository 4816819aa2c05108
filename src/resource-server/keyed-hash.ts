import type { Bytes } from './builtin.ts'

const utf8 = new TextEncoder()

/**
 * HMAC-SHA-256 of a text with `secret`.
 * @param secret default: random, drawn at the first use, as Cloudflare's workers have no randomness before they are called
 */
export function keyedHash(secret: Bytes | undefined): (text: string) => Promise<ArrayBuffer> {
  let bytes = secret
  let key: CryptoKey | undefined

  return async (text) => {
    bytes ??= crypto.getRandomValues(new Uint8Array(32))
    // What is kept is the key and not its promise: no caller waits for what another one has begun.
    key ??= await importKey(bytes)
    return crypto.subtle.sign('HMAC', key, utf8.encode(text))
  }
}

function importKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

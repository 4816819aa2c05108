import type { Crypto } from '../ports.ts'
import { base64url } from '../protocol/base64url.ts'

/** SHA-256 of `parts`, as base64url. It is used as a name in memory and in stores, so that the name shows nothing of the parts. */
export async function hashOf(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  return base64url(await crypto.sha256(new TextEncoder().encode(JSON.stringify(parts))))
}

/** The name of the record in a store that several processes share. Other `parts` give another name. */
export async function storedName(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  const hash = await crypto.sha256(new TextEncoder().encode(JSON.stringify(parts)))
  return `tokenward.client.${base64url(hash.subarray(0, 16))}`
}

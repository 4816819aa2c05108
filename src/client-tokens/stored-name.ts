import type { Crypto } from '../ports.ts'
import { sha256 } from '../protocol/sha256.ts'

/** SHA-256 of `parts`, as base64url. It is used as a name in memory and in stores, so that the name shows nothing of the parts. */
export function hashOf(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  return sha256({ crypto }, JSON.stringify(parts))
}

/** The name of the record in a store that several processes share. Other `parts` give another name. */
export async function storedName(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  return `tokenward.client.${await sha256({ crypto }, JSON.stringify(parts), 16)}`
}

import type { Crypto } from '../ports.ts'
import { base64url } from '../protocol/base64url.ts'

/** SHA-256 of `parts`, as base64url: what names something in memory or in a store shows nothing of it. */
export async function hashOf(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  return base64url(await crypto.sha256(new TextEncoder().encode(JSON.stringify(parts))))
}

/** Under which name a fleet shares what `parts` tell apart. */
export async function storedName(parts: readonly unknown[], crypto: Crypto): Promise<string> {
  const hash = await crypto.sha256(new TextEncoder().encode(JSON.stringify(parts)))
  return `tokenward.client.${base64url(hash.subarray(0, 16))}`
}

import { base64url } from 'jose'

const utf8 = new TextEncoder()

/** SHA-256 of `text`, base64url. */
export async function sha256(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))))
}

interface NodeCrypto {
  createHash(name: string): { update(text: string): { digest(encoding: string): string } }
}

/** The same in one turn, where the platform can (Node, Bun, Deno); `undefined` elsewhere. */
export const sha256Now: ((text: string) => string) | undefined = builtin()

function builtin(): ((text: string) => string) | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined } }
  const node = process?.getBuiltinModule?.('node:crypto')
  return node && ((text) => node.createHash('sha256').update(text).digest('base64url'))
}

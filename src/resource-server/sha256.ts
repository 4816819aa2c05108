import { base64url } from 'jose'
import { builtin } from './builtin.ts'

const utf8 = new TextEncoder()
const node = builtin('node:crypto')

/** SHA-256 of `text`, as base64url. */
export async function sha256(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))))
}

/** The same, synchronously. `undefined` on platforms that cannot do that. */
export const sha256Now: ((text: string) => string) | undefined =
  node &&
  ((text) =>
    node.hash ? node.hash('sha256', text, 'base64url') : node.createHash('sha256').update(text).digest('base64url'))

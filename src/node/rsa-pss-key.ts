import { createPrivateKey, type KeyObject } from 'node:crypto'

/**
 * The same RSA key without the mark that it is only for RSA-PSS (id-RSASSA-PSS, RFC 4055 §1.2). Web Cryptography takes no key with that mark,
 * and `KeyObject` can neither take it off nor export such a key as a JWK.
 */
export function withoutPssMark(key: KeyObject): KeyObject {
  const info = firstOf(key.export({ format: 'der', type: 'pkcs8' })).content

  // PrivateKeyInfo (RFC 5208 §5): version, algorithm with the mark, and the key as PKCS #1 has it.
  const version = firstOf(info)
  const algorithm = firstOf(version.rest)
  const privateKey = firstOf(algorithm.rest)
  return createPrivateKey({ key: privateKey.content, format: 'der', type: 'pkcs1' })
}

/** The content of the first element in `der` (X.690 §8.1), and what follows that element. */
function firstOf(der: Buffer): { readonly content: Buffer; readonly rest: Buffer } {
  const size = der.readUInt8(1)
  // The top bit says that the length is in so many further bytes.
  const sizeBytes = size > 0x7f ? size & 0x7f : 0
  const start = 2 + sizeBytes
  const end = start + (sizeBytes > 0 ? der.readUIntBE(2, sizeBytes) : size)
  return { content: der.subarray(start, end), rest: der.subarray(end) }
}

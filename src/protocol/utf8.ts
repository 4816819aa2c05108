/**
 * Matches a character of several bytes, complete or cut off after any of its bytes. It also matches a byte that belongs to no character
 * (Unicode 16 §3.9, table 3-7).
 */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]?|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]?|(?:\xf0[\x90-\xbf]|\xf4[\x80-\x8f]|[\xf1-\xf3][\x80-\xbf])[\x80-\xbf]{0,2}|[\x80-\xff]/g

/**
 * Decodes UTF-8 as WHATWG Encoding §8.1.1 says: bytes that are no UTF-8 become U+FFFD, and a byte order mark is kept. It is written here
 * because some platforms have no `TextDecoder`.
 * @param bytes a text with one character for each byte, as `atob` gives it
 */
export function utf8(bytes: string): string {
  return bytes.replace(SEQUENCE, (sequence) => {
    try {
      return decodeURIComponent(sequence.replace(/./gs, (byte) => `%${byte.charCodeAt(0).toString(16)}`))
    } catch {
      return '\uFFFD'
    }
  })
}

/**
 * A character of more than one byte, whole or cut short after any of its bytes; or a byte that is part of none (Unicode 16 §3.9, table 3-7).
 */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]?|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]?|(?:\xf0[\x90-\xbf]|\xf4[\x80-\x8f]|[\xf1-\xf3][\x80-\xbf])[\x80-\xbf]{0,2}|[\x80-\xff]/g

/**
 * Reads UTF-8 as WHATWG Encoding §8.1.1 does: what is no UTF-8 becomes U+FFFD, and a byte order mark is a character like any other. Our own,
 * because not every platform has a `TextDecoder`.
 * @param bytes one character for each byte, as `atob` gives them
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

/** Stands for what is no UTF-8. */
const REPLACEMENT = '\uFFFD'

/**
 * Reads UTF-8 part by part, as WHATWG Encoding §8.1.1 does: what is no UTF-8 becomes U+FFFD, and a byte order mark is a character like any
 * other. Our own, because not every platform has a `TextDecoder`.
 * @returns takes the next bytes and gives the text that they complete; without bytes, the end: what a character that was cut stands for
 */
export function utf8Decoder(): (bytes?: Iterable<number>) => string {
  let codePoint = 0
  /** Bytes that the character still lacks, and where the next of them has to lie. */
  let needed = 0
  let lower = 0x80
  let upper = 0xbf

  return (bytes) => {
    let text = ''
    for (const byte of bytes ?? []) {
      const isNext = byte >= lower && byte <= upper
      lower = 0x80
      upper = 0xbf
      if (needed && isNext) {
        codePoint = (codePoint << 6) | (byte & 0x3f)
        if (--needed === 0) text += String.fromCodePoint(codePoint)
        continue
      }
      // The character was cut, and this byte begins another one.
      if (needed) text += REPLACEMENT
      needed = 0
      if (byte < 0x80) text += String.fromCharCode(byte)
      else if (byte < 0xc2 || byte > 0xf4) text += REPLACEMENT
      else {
        needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
        codePoint = byte & (0x3f >> needed)
        // Neither longer than it has to be, nor a surrogate, nor beyond Unicode.
        if (byte === 0xe0) lower = 0xa0
        if (byte === 0xf0) lower = 0x90
        if (byte === 0xed) upper = 0x9f
        if (byte === 0xf4) upper = 0x8f
      }
    }
    return !bytes && needed ? REPLACEMENT : text
  }
}

/** The text of `bytes` as a whole. */
export function utf8(bytes: Iterable<number>): string {
  const decode = utf8Decoder()
  return decode(bytes) + decode()
}
